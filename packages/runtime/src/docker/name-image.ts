import { type ImageRef, parseReference } from '@kube-prefetch/protocol';

/**
 * The reference as written, with the tag said that every client of an engine means when there is none: an engine takes a
 * bare name for all tags of the repository when it pulls, and for the start of an image ID when it looks. Throws
 * InvalidReference.
 */
export function nameImage(image: ImageRef): string {
  const { tag, digest } = parseReference(image);
  return tag === undefined && digest === undefined ? `${image}:latest` : image;
}
