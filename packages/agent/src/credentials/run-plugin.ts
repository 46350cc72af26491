import { spawn } from 'node:child_process';
import { errorText } from '@kube-prefetch/protocol';
import { type Clock, linkSignals } from '@kube-prefetch/time';

export interface PluginRun {
  readonly file: string;
  readonly args: readonly string[];
  /** Beside those of this process. */
  readonly env: Readonly<Record<string, string>>;
  readonly input: string;
  readonly timeoutMs: number;
}

/** Nothing that a plugin wrote is in a problem: it may be a credential. `tooLate`: it was ended at its time limit. */
export type PluginOutcome = { readonly output: string } | { readonly problem: string; readonly tooLate?: true };

const MAX_OUTPUT_BYTES = 1024 * 1024;
/** What was written before the end is there by then. */
const LEFT_OPEN_MS = 500;

/**
 * Runs a credential provider plugin as the kubelet does: request to its standard input, answer from its standard output. At the time
 * limit it is killed with all that it has started. Its standard error is dropped. Rejects with the signal's reason.
 */
export async function runPlugin(run: PluginRun, clock: Clock, signal: AbortSignal): Promise<PluginOutcome> {
  signal.throwIfAborted();
  const { file, args, input, timeoutMs } = run;
  const env = { ...process.env, ...run.env };
  // A group of its own, so that its children end with it.
  const child = start(() => spawn(file, args, { env, detached: true, stdio: ['pipe', 'pipe', 'ignore'] }));
  if ('problem' in child) return child;
  const over = new AbortController();
  const end = () => kill(child.pid);
  signal.addEventListener('abort', end, { once: true });
  const until = linkSignals(signal, over.signal);
  let tooLate = false;
  const limit = clock.sleep(timeoutMs, until.signal).then(
    () => {
      tooLate = true;
      end();
    },
    () => {},
  );

  const chunks: Buffer[] = [];
  let bytes = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_OUTPUT_BYTES) end();
    else chunks.push(chunk);
  });
  // A plugin that does not read its request is told by how it ends.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  try {
    const how = await new Promise<string | undefined>(resolve => {
      child.once('error', error => resolve(`it could not be started: ${errorText(error)}`));
      child.once('exit', () => {
        kill(child.pid);
        // A process that left the group may hold the output open.
        clock.sleep(LEFT_OPEN_MS, until.signal).then(
          () => child.stdout.destroy(),
          () => {},
        );
      });
      child.once('close', (code, killedBy) =>
        resolve(code === 0 ? undefined : `it ended with ${killedBy ?? `code ${code}`}`),
      );
    });
    signal.throwIfAborted();
    if (tooLate) return { problem: `it gave no answer within ${timeoutMs / 1000} s`, tooLate };
    if (bytes > MAX_OUTPUT_BYTES) return { problem: `it wrote more than ${MAX_OUTPUT_BYTES} bytes` };
    return how === undefined ? { output: Buffer.concat(chunks).toString('utf8') } : { problem: how };
  } finally {
    signal.removeEventListener('abort', end);
    over.abort();
    until.unlink();
    await limit;
  }
}

/** What Node says of arguments and an environment that cannot be handed over repeats them: a NUL in them, too much of them. */
function start<T>(begin: () => T): T | { readonly problem: string } {
  try {
    return begin();
  } catch (error) {
    return { problem: `it could not be started: ${(error as NodeJS.ErrnoException).code}` };
  }
}

/** The whole group. */
function kill(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}
