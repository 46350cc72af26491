import type { Progress } from '../image-runtime.ts';
import type { Layer } from './read-content.ts';

/** How far an image is: `finished` layers are on the disk, `downloads` says what has arrived of those that are not. */
export function measureDownload(
  layers: readonly Layer[],
  finished: ReadonlySet<string>,
  downloads: ReadonlyMap<string, number>,
): Progress {
  let doneBytes = 0;
  let totalBytes = 0;
  for (const { digest, sizeBytes } of layers) {
    totalBytes += sizeBytes;
    doneBytes += finished.has(digest) ? sizeBytes : Math.min(sizeBytes, downloads.get(digest) ?? 0);
  }
  const phase = layers.every(({ digest }) => finished.has(digest)) ? 'unpacking' : 'downloading';
  return { phase, doneBytes, totalBytes };
}
