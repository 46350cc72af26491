import { type ImageRef, normaliseReference, parseReference, tryParseReference } from '@kube-prefetch/protocol';

/**
 * Images by name, found as the real runtimes find them: `nginx` is docker.io/library/nginx:latest, and a digest decides
 * over a tag beside it.
 */
export interface ImageTable<T extends { readonly digest: string }> {
  /** Throws InvalidReference. */
  set(image: ImageRef, entry: T): void;
  /** Undefined also for what is no reference. */
  get(image: ImageRef): T | undefined;
  /** False where there was none. */
  delete(image: ImageRef): boolean;
  entries(): readonly T[];
}

export function createImageTable<T extends { readonly digest: string }>(): ImageTable<T> {
  const table = new Map<string, T>();

  function keyOf(image: ImageRef): string | undefined {
    const [repository, digest] = splitName(image) ?? [];
    if (repository === undefined) return undefined;
    if (digest === undefined) return normaliseReference(image);
    return table.keys().find(key => splitName(key)?.[0] === repository && table.get(key)?.digest === digest);
  }

  return {
    set(image, entry) {
      const { digest } = parseReference(image);
      table.set(digest === undefined ? normaliseReference(image) : `${repositoryOf(image)}@${digest}`, entry);
    },
    get: image => table.get(keyOf(image) ?? ''),
    delete: image => table.delete(keyOf(image) ?? ''),
    entries: () => [...table.values()],
  };
}

/** `registry/path`. Throws InvalidReference. */
export function repositoryOf(image: ImageRef): string {
  const [named = ''] = normaliseReference(image).split('@');
  return named.replace(/:[^/:]*$/, '');
}

function splitName(image: ImageRef): readonly [repository: string, digest?: string] | undefined {
  const reference = tryParseReference(image);
  if (reference === undefined) return undefined;
  return reference.digest === undefined ? [repositoryOf(image)] : [repositoryOf(image), reference.digest];
}
