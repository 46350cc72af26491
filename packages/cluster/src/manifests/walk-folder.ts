import type { BigIntStats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface Walk {
  /** Sorted by path. */
  readonly files: readonly FoundFile[];
  readonly failures: readonly WalkFailure[];
}

export interface FoundFile {
  readonly path: string;
  /** Changes with each write that the file system's clock can tell from the last one. */
  readonly stamp: string;
}

/** A path that could not be read: nothing is known about it and about what is below it. */
export interface WalkFailure {
  readonly path: string;
  readonly error: Error;
}

const MAX_FILES = 10_000;
const MANIFEST = /\.(ya?ml|json)$/i;

/**
 * Finds manifest files at any depth. Follows each link once. Leaves out names that start with a dot, so that a mounted
 * ConfigMap is read through its visible links. Calls `entering` before it lists a folder.
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
