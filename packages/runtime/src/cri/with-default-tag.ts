import { type ImageRef, tryParseReference } from '@kube-prefetch/protocol';

/**
 * As the kubelet names an image to the runtime: with `:latest` where the pod wrote neither tag nor digest, and otherwise as
 * written. Without it `cafe` would also mean any image whose id begins so. What is malformed stays as it is: the runtime's
 * answer says what is wrong.
 */
export function withDefaultTag(image: ImageRef): string {
  const reference = tryParseReference(image);
  if (reference === undefined || reference.tag !== undefined || reference.digest !== undefined) return image;
  return `${image}:latest`;
}
