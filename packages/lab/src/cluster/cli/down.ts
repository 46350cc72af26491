import { waitUntil } from '../../machine/index.ts';
import { isRunning, type StateFile } from './state.ts';

const END_MS = 60_000;

export async function down(file: StateFile): Promise<void> {
  const state = file.read();
  file.remove(); // one that was killed left it behind
  if (state === undefined) {
    process.stdout.write('No cluster is running.\n');
    return;
  }
  process.kill(state.owner, 'SIGTERM');
  await waitUntil(() => !isRunning(state.owner), 'the end of the cluster', END_MS);
  process.stdout.write('The cluster is stopped and removed.\n');
}
