import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { goBuild } from '@kube-prefetch/lab/set-up';

export type About =
  | 'reference'
  | 'selector'
  | 'affinity'
  | 'tolerations'
  | 'credentials'
  | 'registry'
  | 'kstatus'
  | 'argo health'
  | 'provider config'
  | 'providers'
  | 'dashboard';

/** What the original implementation says to each case, in order. */
export async function callOriginal<Answer>(about: About, cases: readonly unknown[]): Promise<Answer[]> {
  const folder = await goBuild({
    name: 'oracle',
    source: join(import.meta.dirname, 'original'),
    takes: 'about 3 minutes on 2 cores',
  });
  const child = spawn(join(folder, 'oracle'), { stdio: ['pipe', 'pipe', 'pipe'] });
  const code = new Promise<number | null>(resolve => child.once('close', resolve));
  const [output, complaint] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    send(child.stdin, about, cases),
  ]);
  if ((await code) !== 0) throw new Error(`the oracle gave up: ${complaint}`);
  const answers = output.split('\n').filter(line => line !== '');
  if (answers.length !== cases.length)
    throw new Error(`expected ${cases.length} answers about ${about}, got ${answers.length}`);
  return answers.map(line => JSON.parse(line) as Answer);
}

/** An oracle that gave up closes its end; its exit code and last words say more than our broken pipe. */
async function send(to: NodeJS.WritableStream, about: About, cases: readonly unknown[]): Promise<void> {
  await pipeline(
    cases.map(one => `${JSON.stringify({ about, case: one })}\n`),
    to,
  ).catch(() => undefined);
}
