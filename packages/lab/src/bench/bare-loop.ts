import { connectCri } from '@kube-prefetch/runtime/connect-cri';
import { type Image, buildImage } from '../images/index.ts';

/** What a registry asks for before it serves. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

/** What any operator could write in an afternoon: `parallel` workers that pull one image after the other over CRI. */
export async function bareLoop(
  socket: string,
  images: readonly string[],
  parallel: number,
  auth?: Login,
): Promise<void> {
  const cri = connectCri(socket);
  const waiting = images.values();
  async function pullOn() {
    for (const image of waiting) await cri.images.pullImage({ image: { image }, auth });
  }
  await Promise.all(Array.from({ length: parallel }, pullOn));
}

/** In MB, as the comparison with other systems had them: eight of 20 and two of 60. */
const SIZES_MIB = [...Array<number>(8).fill(20), 60, 60];

/** The images of a fill, with the repositories that they go to. */
export function benchImages(): readonly { readonly repository: string; readonly image: Image }[] {
  return SIZES_MIB.map((sizeMiB, index) => ({ repository: `bench/image-${index}`, image: buildImage({ sizeMiB }) }));
}
