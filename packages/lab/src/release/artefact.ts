import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type TarFile, writeTar } from '../images/index.ts';

/** A file of a release. */
export interface Artefact {
  readonly name: string;
  readonly contents: Buffer;
}

/** A folder and all files in it, under another name; the same files give the same bytes, whenever and whoever packs them. */
export async function packFolder(folder: string, as: string): Promise<Buffer> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
  const files = paths.toSorted().map(async (path): Promise<TarFile> => {
    return { path: join(as, path.slice(folder.length)), contents: await readFile(path) };
  });
  return gzipSync(writeTar(await Promise.all(files)), { level: 9 });
}
