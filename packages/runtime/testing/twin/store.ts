import { type ImageRef, normaliseReference, parseReference, tryParseReference } from '@kube-prefetch/protocol';
import { PullFailure, type Space } from '../../src/image-runtime.ts';

interface Contents {
  readonly digest: string;
  readonly sizeBytes: number;
}

export interface Held extends Contents {
  readonly repository: string;
}

/** What the twin of a runtime has on its disk. */
export interface TwinImages {
  find(image: ImageRef): Held | undefined;
  /** The contents, under whatever name. */
  has(contents: Contents): boolean;
  /** Throws PullFailure DiskFull. */
  hold(image: ImageRef, contents: Contents): void;
  remove(image: ImageRef): void;
  setUsed(usedBytes: number): void;
  space(): Space;
}

export function createTwinImages(
  { capacityBytes = 100e9, usedBytes = 0 }: { readonly capacityBytes?: number; readonly usedBytes?: number },
  changed: () => void,
): TwinImages {
  const images = createImageTable<Held>();
  let othersBytes = usedBytes;

  const has = ({ digest }: Contents) => images.entries().some(held => held.digest === digest);

  /** Contents with several names take their room once. */
  function takenBytes(): number {
    const sizes = new Map(images.entries().map(({ digest, sizeBytes }) => [digest, sizeBytes]));
    return othersBytes + sizes.values().reduce((sum, bytes) => sum + bytes, 0);
  }

  return {
    find: image => images.get(image),
    has,
    hold(image, { digest, sizeBytes }) {
      if (!has({ digest, sizeBytes }) && takenBytes() + sizeBytes > capacityBytes) {
        throw new PullFailure('DiskFull', `${image}: no space left on device`);
      }
      images.set(image, { repository: repositoryOf(image), digest, sizeBytes });
      changed();
    },
    remove(image) {
      if (images.delete(image)) changed();
    },
    setUsed: bytes => void (othersBytes = bytes),
    space: () => ({ usedBytes: takenBytes(), capacityBytes }),
  };
}

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
function repositoryOf(image: ImageRef): string {
  const [named = ''] = normaliseReference(image).split('@');
  return named.replace(/:[^/:]*$/, '');
}

function splitName(image: ImageRef): readonly [repository: string, digest?: string] | undefined {
  const reference = tryParseReference(image);
  if (reference === undefined) return undefined;
  return reference.digest === undefined ? [repositoryOf(image)] : [repositoryOf(image), reference.digest];
}
