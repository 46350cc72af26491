import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What must not outlive this process, however it ends. */
export interface Charge {
  readonly kind: 'group' | 'folder' | 'cgroup';
  readonly value: string;
}

let guard: ChildProcess | undefined;

/**
 * Hands something to a small process that waits for our end and then kills or removes it: the only way that holds when we
 * are killed with SIGKILL. Answers how to take it back, once we cleaned up ourselves.
 */
export function guardAgainstOurEnd(charge: Charge): () => void {
  guard ??= startGuard();
  tell('take', charge);
  return () => tell('drop', charge);
}

function tell(verb: 'take' | 'drop', charge: Charge): void {
  guard?.stdin?.write(`${JSON.stringify({ verb, ...charge })}\n`);
}

/** In a session of its own, so that Ctrl-C reaches us and not the guard. Its input ends when we end. */
function startGuard(): ChildProcess {
  const main = fileURLToPath(new URL('guard-main.ts', import.meta.url));
  const child = spawn(process.execPath, [main], { detached: true, stdio: ['pipe', 'ignore', 'ignore'], cwd: '/' });
  child.unref();
  child.stdin?.on('error', () => {});
  (child.stdin as unknown as { unref(): void }).unref();
  return child;
}
