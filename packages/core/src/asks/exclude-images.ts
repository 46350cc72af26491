import { compilePattern, type ImageRef, normaliseReference, tryParseReference } from '@kube-prefetch/protocol';

/** Whether one of the patterns matches the reference as written or as normalised. A malformed one cannot be normalised. */
export function compileExclude(globs: readonly string[]): (image: ImageRef) => boolean {
  const patterns = globs.map(compilePattern);
  if (patterns.length === 0) return () => false;
  return image => {
    const reference = tryParseReference(image);
    const forms = reference === undefined ? [image] : [image, normaliseReference(reference)];
    return patterns.some(matches => forms.some(matches));
  };
}
