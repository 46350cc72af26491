import { request } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Child, scratchFolder, startChild, waitUntil } from '@kube-prefetch/lab/machine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SOON_MS } from '../patience.ts';
import { preparePrograms } from '../programs/start-programs.ts';

const SECONDS = 4;
const PROBE_EVERY_MS = 200;
/** `timeoutSeconds` of the chart's probes. */
const PROBE_MS = 5_000;
const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

const scratch = scratchFolder('kp-strangers');
const children: Child[] = [];
const ports: Record<string, number> = {};
/** Of the process that is probed there. */
const pids: Record<string, number> = {};
beforeAll(async () => {
  const programs = await preparePrograms(scratch.path, join(scratch.path, 'no-runtime.sock'));
  programs.ask(['a:1']);
  const coordinator = await programs.startCoordinator();
  const listening = /"listener":"ops","address":"http:\/\/[^"]+:(\d+)"/;
  ports['coordinator'] = Number(listening.exec(readFileSync(coordinator.logFile, 'utf8'))?.[1]);
  const agent = await programs.startAgent();
  ports['agent'] = Number(new URL(await agent.ops()).port);
  const logFile = join(scratch.path, 'over-tls.log');
  const overTls = await startChild({
    name: 'over-tls',
    command: process.execPath,
    args: [pathOf('serve-over-tls-main.ts')],
    logFile,
  });
  children.push(coordinator, agent.child, overTls);
  const told = await waitUntil(() => /(\d+) (\d+)/.exec(readFileSync(logFile, 'utf8')), 'the listeners', SOON_MS, {
    child: overTls,
  });
  [ports['agents over TLS'], ports['ops beside TLS']] = [Number(told[1]), Number(told[2])];
  Object.assign(pids, { coordinator: coordinator.pid, agent: agent.child.pid, 'ops beside TLS': overTls.pid });
});
afterAll(async () => {
  await Promise.all(children.map(child => child.kill()));
  scratch.remove();
});

/** As the kubelet probes: a connection for each, from the node's address. */
function probe(port: number): Promise<number | string> {
  return new Promise(resolve => {
    const sent = request({ port, host: '127.0.0.1', path: '/healthz', agent: false, timeout: SOON_MS }, answer =>
      resolve(answer.resume().statusCode ?? 0),
    );
    sent.on('timeout', () => sent.destroy(new Error('no answer in time'))).on('error', error => resolve(error.message));
    sent.end();
  });
}

/** How long the process has been ready to compute without a processor, because of all else that runs on the machine; 0 where a kernel does not say. */
function heldUpMs(pid: number): number {
  const file = `/proc/${pid}/schedstat`;
  const [, delayNs] = existsSync(file) ? readFileSync(file, 'utf8').split(' ') : [];
  return Number(delayNs ?? 0) / 1e6;
}

test.each([
  ['coordinator', 'idle', 'coordinator'],
  ['coordinator', 'slow', 'coordinator'],
  ['coordinator', 'that never read', 'coordinator'],
  ['coordinator', 'that ask and go', 'coordinator'],
  ['agent', 'idle', 'agent'],
  ['agent', 'slow', 'agent'],
  ['agent', 'that never read', 'agent'],
  ['agent', 'that ask and go', 'agent'],
  ['agents over TLS', 'idle', 'ops beside TLS'],
  ['agents over TLS', 'TLS handshakes that stop in the middle', 'ops beside TLS'],
  ['agents over TLS', 'TLS handshakes', 'ops beside TLS'],
])(
  'to %s: while one pod makes connections %s as fast as it can, every probe is answered',
  async (target, kind, probed) => {
    const logFile = join(scratch.path, `${target}-${kind}.log`);
    const args = [pathOf('strangers-main.ts'), kind, String(SECONDS), String(ports[target])];
    const strangers = await startChild({ name: 'strangers', command: process.execPath, args, logFile });
    const answers: (number | string)[] = [];
    let [slowestMs, judgedMs] = [0, 0];
    while (strangers.running()) {
      const [startedMs, before] = [performance.now(), heldUpMs(pids[probed] as number)];
      answers.push(await probe(ports[probed] as number));
      const tookMs = performance.now() - startedMs;
      slowestMs = Math.max(slowestMs, tookMs);
      // While the program waits for a processor the kernel drops connections, and their clients try again ever later: that is the machine's.
      const heldMs = heldUpMs(pids[probed] as number) - before;
      if (heldMs < tookMs / 5) judgedMs = Math.max(judgedMs, tookMs);
      await sleep(PROBE_EVERY_MS);
    }
    const made = Number(readFileSync(logFile, 'utf8'));
    console.log(
      `${target}, ${kind}: ${made} connections, ${answers.length} probes, the slowest ${Math.round(slowestMs)} ms, ${Math.round(judgedMs)} ms where the machine was not busy`,
    );
    expect(answers.filter(answer => answer !== 200)).toEqual([]);
    expect(judgedMs).toBeLessThan(PROBE_MS);
    expect(made).toBeGreaterThan(100);
  },
);
