import { connect } from 'node:net';
import { join } from 'node:path';
import { type Child, scratchFolder } from '@kube-prefetch/lab/machine';
import { type Containerd, startContainerd } from '@kube-prefetch/lab/runtimes';
import { seededRandom } from '@kube-prefetch/time';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Agent, linesOf, preparePrograms } from '../programs/start-programs.ts';
import { hostileRequest } from './hostile-requests.ts';
import { QUIET_MS, sendBytes } from './send-bytes.ts';
import { figuresOf, INSPECTED } from './inspect-process.ts';

const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? '4000');
const SEED = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const AT_ONCE = 8;
const MAX_GROWTH_MIB = 5;

const scratch = scratchFolder('kp-fuzz');
let containerd: Containerd;
let coordinator: Child;
let agent: Agent;
/** By listener. */
let urls: Record<string, string>;
beforeAll(async () => {
  containerd = await startContainerd({ dir: join(scratch.path, 'c'), version: 'debian', registries: [] });
  const programs = await preparePrograms(scratch.path, containerd.socket);
  programs.ask(['r.example/a:1']);
  coordinator = await programs.startCoordinator(INSPECTED);
  agent = await programs.startAgent({}, INSPECTED);
  const listening = linesOf(coordinator.logFile).filter(({ msg }) => msg === 'listening');
  urls = Object.fromEntries(
    listening.map(({ listener, address }) => [`coordinator ${String(listener)}`, String(address)]),
  );
  urls['agent ops'] = await agent.ops();
});
afterAll(async () => {
  await Promise.all([agent?.child.kill(), coordinator?.kill()]);
  await containerd?.stop();
  scratch.remove();
});

test(
  `${REQUESTS} hostile requests at every listener end in an answer below 500 or a closed connection (FUZZ_SEED=${SEED})`,
  async () => {
    const random = seededRandom(SEED);
    const statuses = new Map<string, number>();
    const listeners = Object.entries(urls);
    let sent = 0;
    const knock = async (until: number) => {
      while (sent < until) {
        const [listener, url] = listeners[sent++ % listeners.length] as [string, string];
        const request = hostileRequest(random);
        const { hostname: host, port } = new URL(url);
        const status = await sendBytes(connect({ host, port: Number(port) }), request);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        const shown = JSON.stringify(request.subarray(0, 300).toString('latin1'));
        expect(status, `${listener} to ${shown}`).toMatch(/^([1234]\d\d|503|closed|quiet)$/);
      }
    };
    const knockAtOnce = (until: number) => Promise.all(Array.from({ length: AT_ONCE }, () => knock(until)));
    await knockAtOnce(REQUESTS / 4); // what is compiled and cached by it is no growth
    const before = await Promise.all([coordinator, agent.child].map(figuresOf));
    await knockAtOnce(REQUESTS);
    console.log(`answers, FUZZ_SEED=${SEED}:`, Object.fromEntries(statuses));
    expect([...statuses.keys()]).toEqual(expect.arrayContaining(['200', '400', '404']));
    for (const url of Object.values(urls)) expect((await fetch(`${url}/v1/overview`)).status).toBeLessThan(500);
    for (const { logFile } of [coordinator, agent.child]) {
      expect(linesOf(logFile).filter(({ level }) => level === 'error' || level === 50)).toEqual([]);
    }
    const after = await Promise.all([coordinator, agent.child].map(figuresOf));
    for (const [n, { heapMiB }] of after.entries()) {
      expect(heapMiB).toBeLessThan((before[n]?.heapMiB ?? 0) + MAX_GROWTH_MIB);
    }
  },
  60_000 + REQUESTS * QUIET_MS,
);
