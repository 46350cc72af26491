import { mkdir } from 'node:fs/promises';
import type { StateFile } from '../state-file.ts';
import { readStateFile } from './read-state-file.ts';
import { lockFolder } from './lock-folder.ts';
import { replaceFile } from './replace-file.ts';

/** The state file in a folder of its own, which this process alone uses until `close`. Throws FolderInUse. */
export async function openStateFolder(folder: string): Promise<StateFile & { close(): Promise<void> }> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const unlock = await lockFolder(folder);
  const file = `${folder}/state.json`;
  return {
    load: () => readStateFile(file),
    save: state => replaceFile(file, JSON.stringify(state)),
    close: unlock,
  };
}
