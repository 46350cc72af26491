import { type Client, ConnectError } from '@connectrpc/connect';
import type { ImageRef } from '@kube-prefetch/protocol';
import type { Presence } from '../image-runtime.ts';
import { lookAtEach } from '../look-at-each.ts';
import { classifyFailure } from './classify-failure.ts';
import type { Image, ImageService } from './generated/cri_pb.ts';
import { withDefaultTag } from './with-default-tag.ts';

/**
 * One ImageStatus per reference, because in general only the runtime knows what a reference means to it. The first failure
 * fails all.
 */
export function lookAtImages(
  images: Client<typeof ImageService>,
  asked: readonly ImageRef[],
  signal: AbortSignal,
): Promise<ReadonlyMap<ImageRef, Presence>> {
  return lookAtEach(asked, (image, until) => lookAt(images, image, until), signal);
}

async function lookAt(images: Client<typeof ImageService>, image: ImageRef, signal: AbortSignal): Promise<Presence> {
  try {
    const status = await images.imageStatus({ image: { image: withDefaultTag(image) } }, { signal });
    return presenceOf(status.image);
  } catch (error) {
    // CRI-O refuses what containerd calls absent; one malformed reference must not hide all other images.
    if (error instanceof ConnectError && classifyFailure(error.code, error.rawMessage) === 'InvalidReference')
      return { present: false };
    throw error;
  }
}

export function presenceOf(image: Image | undefined): Presence {
  if (image === undefined) return { present: false };
  return { present: true, id: image.id, sizeBytes: Number(image.size), digests: image.repoDigests };
}
