import { compilePattern, type ImageRef, normaliseReference, tryParseReference } from '@kube-prefetch/protocol';

/**
 * Whether one of the patterns matches one of the references, which name one image, as it is or as normalised. A malformed one cannot
 * be normalised.
 */
export function compileExclude(globs: readonly string[]): (...images: readonly ImageRef[]) => boolean {
  const patterns = globs.map(compilePattern);
  if (patterns.length === 0) return () => false;
  return (...images) => {
    const forms = images.flatMap(image => {
      const reference = tryParseReference(image);
      return reference === undefined ? [image] : [image, normaliseReference(reference)];
    });
    return patterns.some(matches => forms.some(matches));
  };
}
