import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { createAgent, createHttpAgentApi, runAgent } from '@kube-prefetch/agent';
import { agentParts } from '@kube-prefetch/agent/testing';
import type { KeptAuthority } from '@kube-prefetch/cluster';
import { aNode, aResource, aState } from '@kube-prefetch/core/testing';
import { scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import type { Log } from '@kube-prefetch/process';
import { ApiError, type CellState } from '@kube-prefetch/protocol';
import { createTwinRegistry, createTwinRuntime } from '@kube-prefetch/runtime/twin';
import { systemClock as clock, systemRandom as random } from '@kube-prefetch/time';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { type Pair, type Replica, startPair } from './start-pair.ts';
import { anAuthority, type ProjectedFiles, projectFiles, SERVICE } from './certificates-and-tokens.ts';
import { SOON_MS } from '../patience.ts';

const MIB = 1024 * 1024;
const IMAGE = 'r.example/app:1';
const SECONDS_TO_PULL = 600;
const STEP_MS = 100;

const scratch = scratchFolder('kp-failover');
afterAll(() => scratch.remove());

let authority: KeptAuthority;
let goodTokens: Set<string>;
let pair: Pair;
let files: ProjectedFiles;
let agent: StartedAgent;
beforeEach(async () => {
  authority = await anAuthority();
  goodTokens = new Set(['first']);
  files = projectFiles(mkdtempSync(join(scratch.path, 'pod-')), { ca: authority.certificate, token: 'first' });
  pair = await startPair({ by: authority, identity: { identify } });
  pair.set(clusterOf(IMAGE));
  agent = startAgent();
});
afterEach(async () => {
  await agent.stop();
  await pair.close();
});

async function identify(token: string) {
  if (goodTokens.has(token)) return { node: 'n1', pod: { name: 'agent', uid: 'pod' } };
  throw new ApiError('Unauthenticated', 'the token is over');
}

const clusterOf = (...images: string[]) =>
  aState({ nodes: [aNode({ name: 'n1' })], resources: [aResource({ spec: { images } })] });

type StartedAgent = ReturnType<typeof startAgent>;

/** The agent's line with its real client, on a runtime whose pull goes on while the test looks. */
function startAgent() {
  const registry = createTwinRegistry();
  registry.publish(IMAGE, { sizeBytes: SECONDS_TO_PULL * MIB, bytesPerSecond: MIB });
  const download = createVirtualClock();
  const runtime = createTwinRuntime({ clock: download, registry });
  const lines: string[] = [];
  const note = (_fields: unknown, message: string) => void lines.push(message);
  const api = createHttpAgentApi({
    coordinator: `https://${SERVICE}:${pair.port}`,
    caFile: files.caFile,
    tokenFile: files.tokenFile,
    node: 'n1',
    clock,
    resolve: async () => pair.hosts,
  });
  const stopped = new AbortController();
  const log = { debug: note, info: note, warn: note, error: note } as unknown as Log;
  const stall = { stallTimeoutMs: 120_000 };
  const parts = createAgent(agentParts({ api, runtime, clock, random, log, stall }));
  const ended = runAgent(parts, stopped.signal);
  return {
    runtime,
    stepPull: () => download.advance(STEP_MS),
    endPull: () => download.advance(2 * SECONDS_TO_PULL * 1_000),
    plans: () => lines.filter(line => line === 'plan received').length,
    troubles: () => lines.filter(line => line.includes('coordinator')),
    async stop() {
      stopped.abort();
      await ended;
      api.close();
    },
  };
}

/** A pull that goes on makes its agent report. */
const until = (condition: () => boolean, what: string) =>
  waitUntil(
    async () => {
      await agent.stepPull();
      return condition();
    },
    what,
    SOON_MS,
  );

const knows = ({ coordinator }: Replica, state: CellState) =>
  until(
    () => coordinator.leading() && coordinator.ready() && coordinator.node('n1').images[0]?.cell?.state === state,
    `${state} to be known`,
  );

test('a leader that dies in mid-pull is followed by the next; the pull goes on and the plan is not sent again', async () => {
  const [first, second] = pair.replicas;
  first.elect();
  await knows(first, 'Pulling');
  await first.crash();
  await until(() => second.answered.some(line => line.endsWith(' 421')), 'the follower to be asked');
  second.elect();
  await knows(second, 'Pulling');
  await agent.endPull();
  await knows(second, 'Present');
  expect([agent.runtime.pulls(), agent.plans()]).toEqual([1, 1]);
  expect(second.answered.filter(line => line.includes('/plan') && line.endsWith(' 200'))).toEqual([]);
});

test('a leader that is deposed loses its agents to the next, and back again', async () => {
  const [first] = pair.replicas;
  first.elect();
  await knows(first, 'Pulling');
  for (const [from, to] of [pair.replicas, pair.replicas.toReversed()] as [Replica, Replica][]) {
    const asked = to.answered.length;
    await from.depose();
    to.elect();
    const isFollowed = () => to.coordinator.overview().nodes[0]?.agent === 'Reporting' && to.answered.length > asked;
    await until(isFollowed, 'the agent to follow');
  }
  await agent.endPull();
  await knows(first, 'Present');
  expect([agent.runtime.pulls(), agent.plans()]).toEqual([1, 1]);
  pair.set(clusterOf(IMAGE, 'r.example/next:1'));
  await until(() => agent.plans() === 2, 'the plan of the leader');
});

test('an expired token stops no pull, and the next token is used as soon as it is there', async () => {
  const [leader] = pair.replicas;
  leader.elect();
  await knows(leader, 'Pulling');
  goodTokens = new Set(['second']);
  await agent.endPull();
  await until(() => agent.runtime.running().length === 0, 'the pull to end');
  expect(leader.coordinator.node('n1').images[0]?.cell?.state).toBe('Pulling');
  files.replace({ token: 'second' });
  await knows(leader, 'Present');
  expect([agent.runtime.pulls(), agent.plans()]).toEqual([1, 1]);
});

test('a token that is renewed in time is never noticed', async () => {
  const [leader] = pair.replicas;
  leader.elect();
  await knows(leader, 'Pulling');
  const before = agent.troubles();
  const answers = (what: RegExp) => leader.answered.filter(line => what.test(line)).length;
  let changes = 0;
  /** A poll that waited is answered, the next begins, and there is something to report. */
  const untilHeardAgain = async () => {
    const [reports, plans] = [answers(/^POST .*report 200/), answers(/^GET .* 200/)];
    changes += 1;
    pair.set(clusterOf(IMAGE, `r.example/next:${changes}`));
    const heard = () => answers(/^POST .*report 200/) > reports && answers(/^GET .* 200/) > plans;
    await until(heard, 'a plan and a report with the token there is');
  };
  for (const token of ['second', 'third']) {
    goodTokens.add(token);
    files.replace({ token });
    await untilHeardAgain();
    goodTokens = new Set([token]);
    await untilHeardAgain();
  }
  await agent.endPull();
  await knows(leader, 'Present');
  expect(leader.answered.filter(line => / (401|403|5\d\d)$/.test(line))).toEqual([]);
  expect(agent.troubles()).toEqual(before);
});
