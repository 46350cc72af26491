import { type ImageRef, InvalidReference, parseReference, type Reference } from '@kube-prefetch/protocol';

/**
 * As the kubelet names an image to the runtime: with `:latest` where the pod wrote neither tag nor digest, and otherwise as
 * written. Without it `cafe` would also mean any image whose id begins so.
 */
export function withDefaultTag(image: ImageRef): string {
  const reference = parse(image);
  if (reference === undefined || reference.tag !== undefined || reference.digest !== undefined) return image;
  return `${image}:latest`;
}

/** What is malformed goes to the runtime as it is: its answer says what is wrong. */
function parse(image: ImageRef): Reference | undefined {
  try {
    return parseReference(image);
  } catch (error) {
    if (error instanceof InvalidReference) return undefined;
    throw error;
  }
}
