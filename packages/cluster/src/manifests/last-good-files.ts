import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { errorText } from '@kube-prefetch/protocol';
import type { FileContribution } from './combine-files.ts';
import type { KindReaders } from './kind-readers.ts';
import type { FoundFile } from './walk-folder.ts';
import { broken, type FileReading, readText } from './read-text.ts';

/** Parsing YAML is slow and blocks the event loop. */
export const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** A file as it was last read. */
export interface CachedFile {
  /** The file's stamp when it was read. */
  readonly stamp: string;
  /** True after a second read under the same stamp: two writes within one tick of the file system's clock share a stamp. */
  readonly settled: boolean;
  /** The hash of its contents; undefined when they could not be read. */
  readonly digest: string | undefined;
  readonly reading: FileReading;
  /** The last reading without a problem. */
  readonly good: FileReading | undefined;
}

/** Reads a file if it may have changed. `reading` stays the same object when the contents did not change. Never throws. */
export async function readFile(
  { path, stamp }: FoundFile,
  known: CachedFile | undefined,
  readers?: KindReaders,
): Promise<CachedFile> {
  const again = known?.stamp === stamp;
  if (again && known.settled) return known;
  let bytes: Uint8Array;
  try {
    bytes = await contentsOf(path);
  } catch (error) {
    const reading = broken(`cannot be read: ${errorText(error)}`);
    return { stamp, settled: false, digest: undefined, reading, good: known?.good };
  }
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (known?.digest === digest) return { ...known, stamp, settled: again };
  const reading = wasEmptied(bytes, known) ? broken(EMPTIED) : readText(bytes, readers);
  return { stamp, settled: false, digest, reading, good: reading.problems.length === 0 ? reading : known?.good };
}

/** The last good reading of a broken file; for one that was never good, the objects that could be read. */
export function contributionOf(path: string, { reading, good }: CachedFile): FileContribution {
  return {
    path,
    objects: (reading.problems.length === 0 ? reading : (good ?? reading)).objects,
    problems: reading.problems,
  };
}

const EMPTIED = 'the file has become empty: write it again, or delete it if its objects are to go';

/** A full disk or an interrupted save is a more likely cause than a user who means it. */
function wasEmptied(bytes: Uint8Array, known: CachedFile | undefined): boolean {
  return bytes.length === 0 && known?.good !== undefined && known.good.objects.length > 0;
}

/** Reads no more than the limit, even when the file grows during the read. */
async function contentsOf(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size > MAX_FILE_BYTES) throw new Error(`expected at most ${MAX_FILE_BYTES} bytes, got ${size}; split the file`);
    const buffer = Buffer.alloc(size);
    const { bytesRead } = await file.read(buffer, 0, size, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
