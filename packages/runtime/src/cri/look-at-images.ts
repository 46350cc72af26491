import { type Client, ConnectError } from '@connectrpc/connect';
import type { ImageRef } from '@kube-prefetch/protocol';
import type { Presence } from '../image-runtime.ts';
import { classifyFailure } from './classify-failure.ts';
import type { Image, ImageService } from './generated/cri_pb.ts';
import { withDefaultTag } from './with-default-tag.ts';

/** More do not make 200 images faster: the runtime's side of an answer is short and Node's is one thread. */
const LOOKS_AT_ONCE = 8;

/**
 * One ImageStatus per reference, because in general only the runtime knows what a reference means to it. The first failure
 * fails all.
 */
export async function lookAtImages(
  images: Client<typeof ImageService>,
  asked: readonly ImageRef[],
  signal: AbortSignal,
): Promise<ReadonlyMap<ImageRef, Presence>> {
  const seen = new Map<ImageRef, Presence>(asked.map(image => [image, { present: false }]));
  const failed = new AbortController();
  const until = AbortSignal.any([signal, failed.signal]);
  const waiting = [...seen.keys()].values();
  async function lookOn() {
    for (const image of waiting) seen.set(image, await lookAt(images, image, until));
  }
  try {
    await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, lookOn));
  } catch (error) {
    failed.abort();
    throw error;
  }
  return seen;
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
