import { connectCri } from '@kube-prefetch/runtime/connect-cri';

/** What any operator could write in an afternoon: `parallel` workers that pull one image after the other over CRI. */
export async function bareLoop(socket: string, images: readonly string[], parallel: number): Promise<void> {
  const cri = connectCri(socket);
  const waiting = images.values();
  async function pullOn() {
    for (const image of waiting) await cri.images.pullImage({ image: { image } });
  }
  await Promise.all(Array.from({ length: parallel }, pullOn));
}
