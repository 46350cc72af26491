import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { CountingFile } from './combine-files.ts';
import type { FoundFile } from './walk-folder.ts';
import { broken, type FileReading, readText } from './read-text.ts';

/** YAML is slow to read, and nothing else of the process runs meanwhile. */
export const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** A file as it was read last. */
export interface KnownFile {
  /** Of the file when it was read. */
  readonly stamp: string;
  /** It was read twice under this stamp: two writes within one tick of the file system's clock share a stamp. */
  readonly settled: boolean;
  /** Of its contents; undefined where they could not be read. */
  readonly digest: string | undefined;
  readonly reading: FileReading;
  /** What it said when it was last without a problem. */
  readonly good: FileReading | undefined;
}

/** Reads a file that may have changed; of one that did not, `reading` keeps its identity. Never throws. */
export async function readFile({ path, stamp }: FoundFile, known: KnownFile | undefined): Promise<KnownFile> {
  const again = known?.stamp === stamp;
  if (again && known.settled) return known;
  let bytes: Uint8Array;
  try {
    bytes = await contentsOf(path);
  } catch (error) {
    const reading = broken(`cannot be read: ${(error as Error).message}`);
    return { stamp, settled: false, digest: undefined, reading, good: known?.good };
  }
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (known?.digest === digest) return { ...known, stamp, settled: again };
  const reading = wasEmptied(bytes, known) ? broken(EMPTIED) : readText(bytes);
  return { stamp, settled: false, digest, reading, good: reading.problems.length === 0 ? reading : known?.good };
}

/** A broken file counts as it was when it was good; one that never was, as far as it can be made out. */
export function countingFile(path: string, { reading, good }: KnownFile): CountingFile {
  return {
    path,
    objects: (reading.problems.length === 0 ? reading : (good ?? reading)).objects,
    problems: reading.problems,
  };
}

const EMPTIED = 'the file has become empty: write it again, or delete it if its objects are to go';

/** A full disk or a half-done save leaves a file empty more often than intent does. */
function wasEmptied(bytes: Uint8Array, known: KnownFile | undefined): boolean {
  return bytes.length === 0 && known?.good !== undefined && known.good.objects.length > 0;
}

/** No more than the bound is read, whatever the file grows to meanwhile. */
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
