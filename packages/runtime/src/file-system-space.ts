import type { StatsFs } from 'node:fs';
import { statfs } from 'node:fs/promises';
import type { Space } from './image-runtime.ts';

/**
 * Of the file system that holds `path`, counted as the kubelet does for its disk limits: space that only root may fill counts as
 * used. 'unknown' where the path cannot be seen from here, as in a container that does not mount it.
 */
export async function fileSystemSpace(path: string): Promise<Space | 'unknown'> {
  try {
    return spaceOf(await statfs(path));
  } catch {
    return 'unknown';
  }
}

/** How Linux numbers overlayfs. */
const OVERLAYFS = 0x79_4c_76_30;

/**
 * Of the file system that holds the image store, seen from a container that mounts nothing of the host: its own root is an
 * overlay, which the runtime keeps in that store, and the figures of an overlay are those of the file system below it.
 * 'unknown' where the root is no overlay: one on a device of its own says nothing of the store.
 */
export async function ownRootSpace(root = '/'): Promise<Space | 'unknown'> {
  const seen = await statfs(root);
  return seen.type === OVERLAYFS ? spaceOf(seen) : 'unknown';
}

function spaceOf({ bsize, blocks, bavail }: StatsFs): Space {
  return { usedBytes: (blocks - bavail) * bsize, capacityBytes: blocks * bsize };
}
