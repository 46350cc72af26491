import { constants, mkdir, open as openFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorText, messageParser } from '@kube-prefetch/protocol';
import { FolderInUse, lockFolder } from './lock-folder.ts';
import { SavedState, type StateFile } from './state-file.ts';

type StateFolder = StateFile & { close(): Promise<void> };

/**
 * The state file in a folder that only this process uses until `close`. Throws FolderInUse. Where the folder cannot be used at
 * all nothing is kept, and `load` says why: the agent does its work without a memory.
 */
export async function openStateFolder(folder: string): Promise<StateFolder> {
  try {
    return await open(folder);
  } catch (error) {
    if (error instanceof FolderInUse) throw error;
    const problem = `${folder}: ${errorText(error)}. Nothing is remembered over a restart.`;
    return { load: async () => ({ saved: undefined, problem }), save: async () => {}, close: async () => {} };
  }
}

async function open(folder: string): Promise<StateFolder> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const unlock = await lockFolder(folder);
  const file = `${folder}/state.json`;
  return {
    load: () => readStateFile(file),
    save: state => replaceFile(file, JSON.stringify(state)),
    close: unlock,
  };
}

const parse = messageParser(SavedState, 'state file');
/** Several times what a state of a full plan takes. */
const MAX_STATE_BYTES = 16 * 2 ** 20;

/** A file that cannot be read is moved aside: the next one has room, and a person can look at it. */
async function readStateFile(file: string): ReturnType<StateFile['load']> {
  try {
    return { saved: parse(JSON.parse(await readBounded(file))) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { saved: undefined };
    const aside = `${file}.corrupt`;
    const where = await rename(file, aside).then(
      () => `It is now ${aside}`,
      reason => `It cannot be moved aside: ${errorText(reason)}`,
    );
    return { saved: undefined, problem: `${file}: ${errorText(error)}. ${where}; the agent goes on without it.` };
  }
}

/** What is no file would never end, or never begin. */
async function readBounded(file: string): Promise<string> {
  const handle = await openFile(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new Error('it is no file');
    if (stats.size > MAX_STATE_BYTES) throw new Error(`it has ${stats.size} bytes, more than any state`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/** After a crash the file holds the old text or the new one. */
async function replaceFile(file: string, text: string): Promise<void> {
  const next = `${file}.new`;
  const handle = await openFile(next, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(next, file);
  await syncFolder(dirname(file));
}

/** Only then is the rename on the disk. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await openFile(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
