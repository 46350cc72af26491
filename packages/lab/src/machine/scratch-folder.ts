import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clearFolder } from './clear-folder.ts';
import { guardAgainstOurEnd } from './guard.ts';

export interface ScratchFolder {
  readonly path: string;
  /** Ends runtimes' leftovers inside, unmounts, removes; again is fine. */
  remove(): void;
}

/** A folder that is gone at the end, however we end; short, because socket paths end at 107 characters. */
export function scratchFolder(prefix: string): ScratchFolder {
  const path = mkdtempSync(join(realpathSync(tmpdir()), `${prefix}-`));
  const release = guardAgainstOurEnd({ kind: 'folder', value: path });
  return {
    path,
    remove() {
      clearFolder(path);
      release();
    },
  };
}
