import { readFile, rename } from 'node:fs/promises';
import { messageParser } from '@kube-prefetch/protocol';
import { SavedState, type StateFile } from '../state-file.ts';

const parse = messageParser(SavedState, 'state file');

/** What cannot be read is moved aside, so that it can be looked at and is not in the way of the next. */
export async function readStateFile(file: string): ReturnType<StateFile['load']> {
  try {
    return { saved: parse(JSON.parse(await readFile(file, 'utf8'))) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { saved: undefined };
    const aside = `${file}.corrupt`;
    await rename(file, aside);
    const reason = error instanceof Error ? error.message : String(error);
    return { saved: undefined, problem: `${file}: ${reason}. It is now ${aside}; the agent goes on without it.` };
  }
}
