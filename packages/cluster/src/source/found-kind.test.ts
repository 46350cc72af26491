import type { ClusterState } from '@kube-prefetch/core';
import { aState } from '@kube-prefetch/core/testing';
import { seededRandom } from '@kube-prefetch/time';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, onTestFinished, test } from 'vitest';
import { createTwinApi, type TwinApi } from '../../testing/twin/kube-api.ts';
import { KubeApiError, type KubeKind } from '../api/kube-api.ts';
import type { KindRow, WorkloadKinds } from '../workload-kinds/kind-row.ts';
import { KNOWN_KINDS } from '../workload-kinds/known-kinds.ts';
import { parseWorkloadKinds } from '../workload-kinds/parse-workload-kinds.ts';
import { createKubernetesSource } from './kubernetes-source.ts';

const MINUTE_MS = 60_000;
const ROLLOUTS = servedAs('Rollout');
const JOB_SETS = servedAs('JobSet');

function servedAs(kind: string, version?: string): KubeKind {
  const row = KNOWN_KINDS.rows.find(each => each.kind === kind) as KindRow;
  return { apiVersion: `${row.group}/${version ?? row.version}`, kind, plural: row.plural, namespaced: true };
}

const rollout = (name: string, image = 'a', parts: object = {}) => ({
  metadata: { name, namespace: 'shop' },
  spec: { template: { spec: { containers: [{ name: 'c', image }] } }, ...parts },
});

/** A source of these kinds that runs until the test ends. */
function start(
  before: (api: TwinApi) => void = () => {},
  read: WorkloadKinds = parseWorkloadKinds('["Rollout", "JobSet"]'),
) {
  const clock = createVirtualClock();
  const api = createTwinApi({ clock });
  before(api);
  const warned: object[] = [];
  const log = { debug: () => {}, info: () => {}, warn: (fields: object) => void warned.push(fields) };
  const source = createKubernetesSource({ api, clock, random: seededRandom(7), log, kinds: { read, discovery: api } });
  const stop = new AbortController();
  let ended = false;
  const run = source.run(() => {}, stop.signal).then(() => void (ended = true));
  const until = async (condition: () => boolean) => {
    for (let turn = 0; turn < 3_000 && !condition(); turn += 1) await clock.advance(100);
    expect(condition()).toBe(true);
  };
  onTestFinished(async () => {
    stop.abort();
    await until(() => ended);
    await run;
    expect(clock.sleepers()).toBe(0);
  });
  const state = (): ClusterState => source.read() ?? aState();
  return {
    clock,
    api,
    warned,
    source,
    until,
    state,
    names: () =>
      state()
        .workloads.map(({ name }) => name)
        .join(),
    told: (kind = 'Rollout') => {
      const found = state().kinds?.find(each => each.kind === kind);
      return { read: found?.read, gaps: found?.gaps, notes: found?.notes };
    },
  };
}

test('kinds that are not installed cost one look a minute, all together, and are found when they come', async () => {
  const { clock, api, source, until, state, names, told } = start();
  await until(() => source.read() !== undefined);
  await clock.advance(10 * MINUTE_MS);
  expect(api.looks()).toBeGreaterThanOrEqual(10);
  expect(api.looks()).toBeLessThanOrEqual(12);
  expect([api.requests('list', ROLLOUTS), api.requests('list', JOB_SETS)]).toEqual([0, 0]);
  expect(state().gaps).toEqual([]);
  expect(told()).toEqual({ read: false, gaps: [], notes: ['rollouts.argoproj.io is not installed'] });
  api.install(ROLLOUTS);
  api.apply(ROLLOUTS, rollout('web'));
  await clock.advance(MINUTE_MS + 1_000);
  expect(names()).toBe('web');
  expect(told()).toEqual({ read: true, gaps: [], notes: [] });
});

test('kinds that are all installed are not looked for again', async () => {
  const { clock, api, until, names } = start(server => {
    for (const kind of [ROLLOUTS, JOB_SETS]) server.install(kind);
    server.apply(ROLLOUTS, rollout('web'));
  });
  await until(() => names() === 'web');
  await clock.advance(30 * MINUTE_MS);
  expect(api.looks()).toBe(1);
});

test('what is deleted goes once the server has said that the kind stays, and what is added comes at once', async () => {
  const { clock, api, until, names } = start(server => {
    for (const kind of [ROLLOUTS, JOB_SETS]) server.install(kind);
    for (const name of ['a', 'b']) server.apply(ROLLOUTS, rollout(name));
  });
  await until(() => names() === 'a,b');
  api.remove(ROLLOUTS, { namespace: 'shop', name: 'a' });
  api.apply(ROLLOUTS, rollout('c'));
  await until(() => names() === 'a,b,c');
  await clock.advance(8_000);
  expect(names()).toBe('b,c');
  expect(api.looks()).toBe(2);
});

test('a definition that is removed while it is watched drops nothing, and says so; installed again the truth counts', async () => {
  const { clock, api, until, state, names, told } = start(server => {
    for (const kind of [ROLLOUTS, JOB_SETS]) server.install(kind);
    for (const name of ['a', 'b']) server.apply(ROLLOUTS, rollout(name));
  });
  await until(() => names() === 'a,b');
  api.terminate(ROLLOUTS);
  await clock.advance(20_000);
  api.uninstall(ROLLOUTS);
  await clock.advance(10 * MINUTE_MS);
  expect(names()).toBe('a,b');
  expect(state().gaps).toEqual([]);
  expect(told()).toEqual({
    read: true,
    gaps: [],
    notes: ['rollouts.argoproj.io is no longer served; what was read last counts until it is'],
  });
  api.install(ROLLOUTS);
  api.apply(ROLLOUTS, rollout('b', 'new'));
  await clock.advance(MINUTE_MS + 10_000);
  expect(names()).toBe('b');
  expect(state().workloads[0]?.pod.containers).toMatchObject([{ image: 'new' }]);
  expect(told().notes).toEqual([]);
});

test('a definition that goes at once, with objects and all, drops nothing either', async () => {
  const { clock, api, until, names } = start(server => {
    for (const kind of [ROLLOUTS, JOB_SETS]) server.install(kind);
    server.apply(ROLLOUTS, rollout('a'));
  });
  await until(() => names() === 'a');
  api.uninstall(ROLLOUTS);
  await clock.advance(5 * MINUTE_MS);
  expect(names()).toBe('a');
});

test('another version is read where the row’s is not served', async () => {
  const { api, until, names } = start(server => {
    server.install(servedAs('Rollout', 'v1'));
    server.apply(servedAs('Rollout', 'v1'), rollout('web'));
  });
  await until(() => names() === 'web');
  expect(api.requests('list', ROLLOUTS)).toBe(0);
});

test('what cannot be read, or makes no sense, is a gap of its kind alone', async () => {
  const { clock, until, source, state, told, warned } = start(server => {
    for (const kind of [ROLLOUTS, JOB_SETS]) server.install(kind);
    server.refuse(JOB_SETS, 'Forbidden');
    for (const index of [1, 2, 3, 4, 5]) server.apply(ROLLOUTS, { metadata: { name: `r${index}`, namespace: 'shop' } });
    server.apply(ROLLOUTS, rollout('sidecars', 'a', { replicas: 'many' }));
  });
  await until(() => source.read() !== undefined);
  expect(clock.monotonicMs()).toBeGreaterThan(9_000);
  expect(state().gaps).toEqual([]);
  expect(told('JobSet').gaps).toEqual([
    expect.stringMatching(/^jobsets\.jobset\.x-k8s\.io cannot be read: Forbidden: .*; nothing of it is known yet$/),
  ]);
  expect(told().gaps).toHaveLength(4);
  expect(told().gaps?.[0]).toBe(
    'Rollout shop/r1: spec.template.spec.containers: expected at least one container, got nothing; it does not count',
  );
  expect(told().gaps?.[3]).toBe('and 2 more of rollouts.argoproj.io');
  expect(warned).toContainEqual({ gap: told().gaps?.[0] });
  expect(state().workloads.map(({ name }) => name)).toEqual(['sidecars']);
});

test('while nobody can tell which kinds are served, nothing is known of any, and that is a gap of each', async () => {
  let looks: TwinApi['served'] | undefined;
  const { api, until, source, state, names, told } = start(server => {
    server.install(ROLLOUTS);
    server.apply(ROLLOUTS, rollout('web'));
    looks = server.served;
    server.served = () => Promise.reject(new KubeApiError('Unreachable', 'no route'));
  });
  await until(() => source.read() !== undefined);
  expect(state().gaps).toEqual([]);
  expect(told().gaps).toEqual([
    'rollouts.argoproj.io cannot be read: which kinds the API server serves is not known, Unreachable: no route; nothing of it is known yet',
  ]);
  api.served = looks as TwinApi['served'];
  await until(() => names() === 'web');
  expect(told().gaps).toEqual([]);
});
