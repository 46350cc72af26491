import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { compressedLayer, digestOf, type Layer } from '../images/index.ts';
import { cacheFolder, type Say } from '../machine/index.ts';

/** 9 takes three times as long and saves half a percent. */
const LEVEL = 6;

/** A large layer, compressed once per machine. Another zlib may compress it otherwise. */
export async function compressOnce(tar: Buffer, { what, say }: { what: string; say: Say }): Promise<Layer> {
  const diffId = digestOf(tar);
  const file = join(cacheFolder(), `layer-${diffId.slice('sha256:'.length)}-zlib-${process.versions.zlib}.tar.gz`);
  const kept = await readFile(file).catch(() => undefined);
  if (kept !== undefined) return compressedLayer(kept, diffId);
  say(`Compressing ${what} (several seconds; kept in ${file})`);
  const gzipped = gzipSync(tar, { level: LEVEL });
  await mkdir(dirname(file), { recursive: true });
  // Whole or not at all.
  await writeFile(`${file}.${process.pid}`, gzipped);
  await rename(`${file}.${process.pid}`, file);
  return compressedLayer(gzipped, diffId);
}
