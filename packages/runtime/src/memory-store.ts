import type { ImageRef } from '@kube-prefetch/protocol';
import { PullFailure, type Space } from './image-runtime.ts';
import { createImageTable, repositoryOf } from './memory-images.ts';

interface Contents {
  readonly digest: string;
  readonly sizeBytes: number;
}

export interface Held extends Contents {
  readonly repository: string;
}

/** What the memory runtime has on its disk. */
export interface MemoryStore {
  find(image: ImageRef): Held | undefined;
  /** The contents, under whatever name. */
  has(contents: Contents): boolean;
  /** Throws PullFailure DiskFull. */
  hold(image: ImageRef, contents: Contents): void;
  remove(image: ImageRef): void;
  setUsed(usedBytes: number): void;
  space(): Space;
}

export function createMemoryStore(
  { capacityBytes = 100e9, usedBytes = 0 }: { readonly capacityBytes?: number; readonly usedBytes?: number },
  changed: () => void,
): MemoryStore {
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
