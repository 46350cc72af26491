import { readdirSync, readFileSync } from 'node:fs';
import { waitUntil } from '@kube-prefetch/lab/machine';

/** For runtimes under test: a busy machine answers in less, and a hang does not take long to tell. */
export const ANSWER_TIMEOUT_MS = 15_000;

/** Stops a process as a hang would; resolves once no thread of it can answer any more. */
export async function suspend(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await waitUntil(() => isStopped(pid), `every thread of ${pid} to stand still`, 60_000);
}

/** Lets a process compute for a fifth of the time, so that what it does takes longer than a look, until what is returned is called. */
export function holdBack(pid: number): () => void {
  let rest: NodeJS.Timeout | undefined;
  const goOn = () => void process.kill(pid, 'SIGCONT');
  const turns = setInterval(() => {
    process.kill(pid, 'SIGSTOP');
    rest = setTimeout(goOn, 400);
  }, 500);
  return () => {
    clearInterval(turns);
    clearTimeout(rest);
    goOn();
  };
}

function isStopped(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every(thread => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) === 'T';
  });
}
