import type { BigIntStats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface Walk {
  /** Manifest files, sorted by path. */
  readonly files: readonly FoundFile[];
  readonly failures: readonly WalkFailure[];
}

export interface FoundFile {
  readonly path: string;
  /** Differs when the file was written, as far as the file system's clock can tell. */
  readonly stamp: string;
}

/** A path that could not be looked at: nothing is known about it and what is below it. */
export interface WalkFailure {
  readonly path: string;
  readonly error: Error;
}

const MAX_FILES = 10_000;
const MANIFEST = /\.(ya?ml|json)$/i;

/**
 * Manifest files below a folder, at any depth. Links are followed, once each; names that start with a dot are left out, so
 * a mounted ConfigMap is read through its visible links. `entering` is called before a folder is listed.
 */
export async function walkFolder(folder: string, entering: (folder: string, id: string) => void): Promise<Walk> {
  const files: FoundFile[] = [];
  const failures: WalkFailure[] = [];
  const entered = new Set<string>();

  const visit = async (path: string): Promise<void> => {
    try {
      const about = await stat(path, { bigint: true });
      if (path === folder && !about.isDirectory()) throw new Error('expected a folder');
      if (about.isFile() && MANIFEST.test(path)) {
        if (files.length === MAX_FILES) throw new Error(`expected at most ${MAX_FILES} manifest files`);
        files.push({ path, stamp: stampOf(about) });
      }
      if (!about.isDirectory()) return;
      const real = await realpath(path);
      if (entered.has(real)) return;
      entered.add(real);
      entering(path, `${about.dev}:${about.ino}`);
      const names = await readdir(path);
      for (const name of names.sort()) if (!name.startsWith('.')) await visit(join(path, name));
    } catch (error) {
      failures.push({ path, error: error as Error });
    }
  };

  await visit(folder);
  return { files, failures };
}

function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}
