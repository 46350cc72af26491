import { type ImageRef, parseReference, tryParseReference } from '@kube-prefetch/protocol';

/**
 * As the kubelet names an image to a runtime: with `:latest` where the pod wrote neither tag nor digest, and otherwise as
 * written. Without the tag `cafe` would also mean any image whose ID begins so, and to an engine that pulls, all tags of the
 * repository. What is malformed stays as it is: the runtime's answer says what is wrong.
 */
export function withDefaultTag(image: ImageRef): string {
  const reference = tryParseReference(image);
  if (reference === undefined || reference.tag !== undefined || reference.digest !== undefined) return image;
  return `${image}:latest`;
}

/** The same for a name that becomes part of a URL's path. Throws InvalidReference for what is malformed. */
export function nameInPath(image: ImageRef): string {
  parseReference(image);
  return withDefaultTag(image);
}
