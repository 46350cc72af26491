import { connectCri } from '../src/cri/connect-cri.ts';

/** As the kubelet's garbage collection and crictl do it; the product itself deletes nothing. */
export async function removeOverCri(socket: string, image: string): Promise<void> {
  await connectCri(socket).images.removeImage({ image: { image } });
}
