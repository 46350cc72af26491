import { compilePattern, type ImageRef, InvalidReference, normaliseReference } from '@kube-prefetch/protocol';

/** Whether one of the patterns matches the reference as written or as normalised; a malformed one has only the first. */
export function compileExclude(globs: readonly string[]): (image: ImageRef) => boolean {
  const patterns = globs.map(compilePattern);
  if (patterns.length === 0) return () => false;
  return image => {
    const forms = [image, ...normalised(image)];
    return patterns.some(matches => forms.some(matches));
  };
}

function normalised(image: ImageRef): readonly string[] {
  try {
    return [normaliseReference(image)];
  } catch (error) {
    if (error instanceof InvalidReference) return [];
    throw error;
  }
}
