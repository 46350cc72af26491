import type { SavedState, StateFile } from '../src/memory/state-file.ts';

/** A state file that outlives the agent of a test but not the test. */
export function createMemoryStateFile(
  initial?: SavedState,
): StateFile & { readonly saved: () => SavedState | undefined } {
  let saved: string | undefined = initial && JSON.stringify(initial);
  const read = () => (saved === undefined ? undefined : (JSON.parse(saved) as SavedState));
  return {
    saved: read,
    load: async () => ({ saved: read() }),
    save: async state => void (saved = JSON.stringify(state)),
  };
}
