import { statfs } from 'node:fs/promises';
import type { Space } from './image-runtime.ts';

/**
 * Of the file system that holds `path`, counted as the kubelet does for its disk limits: what only root may still fill is
 * used. 'unknown' where the path cannot be seen from here, as in a container that does not mount it.
 */
export async function fileSystemSpace(path: string): Promise<Space | 'unknown'> {
  try {
    const { bsize, blocks, bavail } = await statfs(path);
    return { usedBytes: (blocks - bavail) * bsize, capacityBytes: blocks * bsize };
  } catch {
    return 'unknown';
  }
}
