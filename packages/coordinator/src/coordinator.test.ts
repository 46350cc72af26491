import type { ClusterSource } from '@kube-prefetch/cluster';
import { aNode, aResource, aState, aWorkload } from '@kube-prefetch/core/testing';
import { type AgentApi, type CellReport, FAILURE_KINDS, type PermitRequest, type Plan } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { lead } from './coordinator.ts';
import { aCell, aPermitRequest, anAgent, aReport, never, startVirtualLine } from '../testing/index.ts';

const WEB = 'Prefetch shop/web';

const SIX = ['c:1', 'd:1', 'e:1', 'f:1', 'g:1', 'h:1'];

const cluster = (images: readonly string[], nodes: readonly string[] = ['n1', 'n2']) =>
  aState({
    resources: [aResource({ spec: { images: [...images] } })],
    nodes: nodes.map(name => aNode({ name })),
  });

const warmth = (status: { conditions: readonly { type: string; status: string }[] } | undefined) =>
  status?.conditions.find(({ type }) => type === 'Warm')?.status;

test('from a state to a plan, to reports, to a warm status', async () => {
  const { show, coordinator, clock, status } = startVirtualLine();
  await show(cluster(['a:1']));
  const plan = await planOf(coordinator.forNode('n1'));
  expect(plan.items).toEqual([{ image: 'a:1', priority: 0, start: true }]);
  for (const node of ['n1', 'n2']) {
    await coordinator.forNode(node).report(aReport({ cells: [aCell()], planRevision: plan.revision }), never());
  }
  await clock.advance(1_000);
  expect([status(WEB)?.warm, warmth(status(WEB))]).toEqual(['2/2', 'True']);
});

test('before the first full read nothing is planned and the process is alive but not ready', async () => {
  const { coordinator, clock } = startVirtualLine();
  await clock.advance(10_000);
  expect([coordinator.alive(), coordinator.ready()]).toEqual([true, false]);
  await expect(planOf(coordinator.forNode('n1'))).rejects.toMatchObject({ code: 'NotReady' });
});

test('the line looks from time to time even when nothing wakes it, and a line that does not is not alive', async () => {
  const { show, coordinator, clock, endTerm } = startVirtualLine();
  await show(cluster(['a:1']));
  await clock.advance(3_600_000);
  expect(coordinator.alive()).toBe(true);
  await endTerm();
  expect(coordinator.alive()).toBe(true);
  coordinator.line.open({ epoch: 2, signal: never() });
  await clock.advance(3_600_000);
  expect(coordinator.alive()).toBe(false);
});

test('a node that falls silent takes Warm away, and its return gives it back', async () => {
  const { show, coordinator, clock, status } = startVirtualLine();
  await show(cluster(['a:1'], ['n1']));
  const api = coordinator.forNode('n1');
  await api.report(aReport({ cells: [aCell()] }), never());
  await clock.advance(59_000);
  expect(warmth(status(WEB))).toBe('True');
  await clock.advance(2_000);
  expect([status(WEB)?.summary.noAgent, warmth(status(WEB))]).toEqual([1, 'False']);
  await planOf(api);
  await clock.advance(10_000);
  expect(warmth(status(WEB))).toBe('True');
});

test('a new term does not touch the status before the nodes have reported to it', async () => {
  const { show, coordinator, clock, sink, status, endTerm, beginTerm } = startVirtualLine();
  await show(cluster(['a:1']));
  const report = (node: string, sequence: number) =>
    coordinator.forNode(node).report(aReport({ sequence, cells: [aCell()] }), never());
  await report('n1', 1);
  await report('n2', 1);
  await clock.advance(1_000);
  await endTerm();
  const before = status(WEB);
  beginTerm(2);
  await clock.advance(20_000);
  await report('n1', 2);
  await clock.advance(20_000);
  expect(status(WEB)).toBe(before);
  await report('n2', 2);
  await clock.advance(1_000);
  expect(warmth(status(WEB))).toBe('True');
  expect(sink.events.filter(({ type }) => type === 'Warning')).toEqual([]);
});

test('a node that does not come back to a new term holds the status back for one silence, then counts as lost', async () => {
  const { show, coordinator, clock, status, endTerm, beginTerm } = startVirtualLine();
  await show(cluster(['a:1']));
  await endTerm();
  beginTerm(2);
  await clock.advance(1_000);
  await coordinator.forNode('n1').report(aReport({ cells: [aCell()] }), never());
  await clock.advance(50_000);
  expect(status(WEB)).toBeUndefined();
  await coordinator.forNode('n1').plan(undefined, 0, never());
  await clock.advance(15_000);
  expect(status(WEB)).toMatchObject({ warm: '1/2', summary: { noAgent: 1, unknown: 0 } });
});

test('a resource that is not accepted says so at once, however young the term', async () => {
  const { show, status } = startVirtualLine();
  const bad = aResource({
    ref: { kind: 'Prefetch', namespace: 'shop', name: 'bad' },
    problems: ['spec.images: too many'],
  });
  await show({ ...cluster(['a:1']), resources: [bad] });
  expect(status('Prefetch shop/bad')?.conditions[0]).toMatchObject({ type: 'Accepted', status: 'False' });
});

test('while something cannot be read plans are incomplete, and complete again afterwards', async () => {
  const { show, coordinator } = startVirtualLine();
  await show({ ...cluster(['a:1']), gaps: ['workloads cannot be read'] });
  const api = coordinator.forNode('n1');
  const incomplete = await planOf(api);
  expect(incomplete.complete).toBe(false);
  const poll = api.plan(incomplete.revision, 30_000, never());
  await show(cluster(['a:1']));
  expect(await poll).toMatchObject({ complete: true });
});

test('a source that gives up is started again, and what it read stays in use', async () => {
  let runs = 0;
  const source: ClusterSource = {
    async run() {
      runs += 1;
      throw new Error('the disk went away');
    },
    read: () => cluster(['a:1']),
  };
  const { clock, coordinator } = startVirtualLine({ source });
  await clock.advance(10_000);
  expect(runs).toBe(4);
  expect((await planOf(coordinator.forNode('n1'))).items).toHaveLength(1);
});

test('thousands of reports in a second cost the line a few looks', async () => {
  const nodes = Array.from({ length: 50 }, (_, i) => `n${i}`);
  let reads = 0;
  const state = cluster(['a:1'], nodes);
  const source: ClusterSource = {
    run: (_changed, signal) => new Promise(resolve => signal.addEventListener('abort', () => resolve())),
    read() {
      reads += 1;
      return state;
    },
  };
  const { clock, coordinator } = startVirtualLine({ source });
  await clock.advance(100);
  reads = 0;
  for (let tick = 0; tick < 50; tick++) {
    for (const node of nodes) await coordinator.forNode(node).report(aReport({ sequence: tick + 1 }), never());
    await clock.advance(20);
  }
  expect(reads).toBeLessThanOrEqual(51);
  expect(reads).toBeGreaterThan(10);
});

test('wall clocks that jump move no decision', async () => {
  const { show, coordinator, clock, status } = startVirtualLine();
  await show(cluster(['a:1'], ['n1']));
  await coordinator.forNode('n1').report(aReport({ agent: anAgent('a', 5), cells: [aCell()] }), never());
  await clock.advance(1_000);
  clock.jumpWall(-86_400_000);
  await clock.advance(30_000);
  clock.jumpWall(2 * 86_400_000);
  await clock.advance(20_000);
  expect(warmth(status(WEB))).toBe('True');
});

test('the end of a term leaves nothing behind', async () => {
  const { show, coordinator, clock, endTerm } = startVirtualLine({ limits: { maxConcurrentPulls: 1 } });
  await show(cluster(['a:1']));
  const api = coordinator.forNode('n1');
  const poll = api.plan((await planOf(api)).revision, 30_000, never()).catch(error => error);
  const wanting = [{ image: 'a:1', priority: 0 }];
  const permit = api.permits({ holding: [], wanting, waitMs: 9_000 }, never()).catch(error => error);
  await clock.advance(100);
  await endTerm();
  expect([await poll, await permit]).toMatchObject([{ code: 'ShuttingDown' }, { code: 'ShuttingDown' }]);
  expect(clock.sleepers()).toBe(0);
});

test('a node that waits gets its permit when a young term or another permit ends, whatever else the line waits for', async () => {
  const { show, coordinator, clock } = startVirtualLine({ limits: { maxConcurrentPulls: 1 }, permitTtlMs: 6_000 });
  await show(cluster(['a:1']));
  const granted: [string, number][] = [];
  const ask = (node: string) => {
    const request = aPermitRequest({ wanting: [{ image: 'a:1', priority: 0 }], waitMs: 2_000 });
    const answered = coordinator.forNode(node).permits(request, never());
    void answered.then(answer => answer.granted.length > 0 && granted.push([node, clock.monotonicMs()]));
  };
  await clock.advance(4_900);
  ask('n1');
  await clock.advance(6_000);
  ask('n2');
  await clock.advance(2_000);
  expect(granted).toEqual([
    ['n1', 6_000],
    ['n2', 12_000],
  ]);
});

test.each<[string, Partial<PermitRequest>, readonly string[]]>([
  ['thousands of pulls of images in no plan', { holding: Array.from({ length: 2_000 }, (_, i) => `x:${i}`) }, []],
  ['an image in no plan', { wanting: [{ image: 'x:1', priority: 9 }] }, []],
  ['an image that is planned', { wanting: [{ image: 'a:1', priority: 9 }] }, ['a:1']],
  ['an image that is suspended', { wanting: [{ image: 'idle:1', priority: 9 }] }, []],
  ['more images than it pulls at once', { holding: SIX, wanting: [{ image: 'a:1', priority: 9 }] }, SIX.slice(0, 3)],
])('permits are for what the plan holds: a node that names %s', async (_case, request, granted) => {
  const { show, coordinator, clock } = startVirtualLine({ limits: { maxConcurrentPulls: 100, parallelPulls: 1 } });
  const idle = aResource({ ref: { ...aResource().ref, name: 'idle' }, spec: { images: ['idle:1'], suspend: true } });
  const state = cluster(['a:1', 'b:1', ...SIX]);
  await show({ ...state, resources: [...state.resources, idle] });
  await clock.advance(31_000);
  const answer = await coordinator.forNode('n1').permits(aPermitRequest(request), never());
  expect(answer.granted.map(({ image }) => image)).toEqual(granted);
  expect(coordinator.line.permits.counts().granted).toBe(granted.length);
});

test('a term that was over before it began does not lead', async () => {
  const { coordinator, endTerm } = startVirtualLine();
  await endTerm();
  const signal = AbortSignal.abort(new Error('the lease could not be renewed in time'));
  await expect(lead(coordinator.line, { epoch: 2, signal })).rejects.toBe(signal.reason);
  expect(coordinator.leading()).toBe(false);
});

test('a term is over when its time is, also where the loop stood still and no timer has run yet', async () => {
  const { show, coordinator, clock, status, endTerm, beginTerm } = startVirtualLine();
  await show(cluster(['a:1'], ['n1']));
  await endTerm();
  beginTerm(2, () => 10_000);
  await clock.advance(100);
  const api = coordinator.forNode('n1');
  const poll = api.plan((await planOf(api)).revision, 30_000, never()).catch(error => error);
  const before = status(WEB);
  clock.suspend(20_000);
  await expect(planOf(api)).rejects.toMatchObject({ code: 'ShuttingDown' });
  await expect(api.report(aReport({ cells: [aCell()] }), never())).rejects.toMatchObject({ code: 'ShuttingDown' });
  await expect(api.permits({ holding: [], wanting: [], waitMs: 0 }, never())).rejects.toMatchObject({
    code: 'ShuttingDown',
  });
  await expect(api.credentials({ images: [{ image: 'a:1' }] }, never())).rejects.toMatchObject({
    code: 'ShuttingDown',
  });
  expect(() => coordinator.overview()).toThrow(expect.objectContaining({ code: 'ShuttingDown' }));
  expect(coordinator.leading()).toBe(false);
  await show(cluster(['a:1', 'b:1'], ['n1']));
  expect(await poll).toMatchObject({ code: 'ShuttingDown' });
  expect(status(WEB)).toBe(before);
});

test('what a host answered is in no status, event or metric of a Prefetch, and in the views of the administrator', async () => {
  const { show, coordinator, clock, status, sink } = startVirtualLine();
  const answer = 'the answer of 169.254.169.254';
  await show(cluster(['169.254.169.254/a:1'], ['n1']));
  let sequence = 0;
  const reports = async (cell: Partial<CellReport>) => {
    sequence += 1;
    const cells = [aCell({ image: '169.254.169.254/a:1', ...cell })];
    await coordinator.forNode('n1').report(aReport({ sequence, cells }), never());
    await clock.advance(11_000);
  };
  for (const kind of FAILURE_KINDS) {
    await reports({ state: 'Present' });
    await reports({ state: 'Failed', failure: { kind, message: answer } });
    expect(status(WEB)?.failures).toMatchObject([{ reason: kind }]);
    expect(JSON.stringify(status(WEB))).not.toContain(answer);
  }
  expect(sink.events.length).toBeGreaterThan(FAILURE_KINDS.length);
  expect(JSON.stringify(sink.events)).not.toContain(answer);
  expect((await coordinator.exposeMetrics()).text).not.toContain(answer);
  expect(JSON.stringify(coordinator.node('n1'))).toContain(answer);
});

async function planOf(api: AgentApi): Promise<Plan> {
  const plan = await api.plan(undefined, 0, never());
  if (plan === 'unchanged') throw new Error('expected a plan');
  return plan;
}

const GPU = 'nvidia.com/gpu';
const gpuCluster = (gpus: number) =>
  aState({
    resources: [aResource({ spec: { workloads: [{ kinds: ['Deployment'], selector: {} }] } })],
    workloads: [aWorkload({ pod: { containers: [{ image: 'cuda:1' }], extendedResources: { [GPU]: 1 } } })],
    nodes: [aNode({ name: 'n1', extendedResources: { [GPU]: gpus } })],
  });

test('a device plugin that restarts takes nothing out of a plan, and no pull that runs', async () => {
  const { show, coordinator, clock } = startVirtualLine({ resourceGraceMs: 600_000 });
  const api = coordinator.forNode('n1');
  const report = (sequence: number, state: 'Pulling' | 'Present') =>
    api.report(aReport({ sequence, cells: [aCell({ image: 'cuda:1', state })] }), never());
  await show(gpuCluster(8));
  await report(1, 'Pulling');
  await show(gpuCluster(0));
  expect((await planOf(api)).items).toMatchObject([{ image: 'cuda:1' }]);
  expect(coordinator.node('n1').images).toMatchObject([{ because: [expect.stringContaining('a short while ago')] }]);
  await clock.advance(3_600_000);
  expect((await planOf(api)).items).toMatchObject([{ image: 'cuda:1' }]);
  await report(2, 'Present');
  await clock.advance(60_000);
  expect(await planOf(api)).toMatchObject({ complete: true, items: [] });
});

test('a coordinator that starts while a device plugin is away lets agents keep what they have', async () => {
  const { show, coordinator, clock } = startVirtualLine({ resourceGraceMs: 600_000 });
  await show(gpuCluster(0));
  expect(await planOf(coordinator.forNode('n1'))).toMatchObject({ complete: false, items: [] });
  await clock.advance(700_000);
  expect(await planOf(coordinator.forNode('n1'))).toMatchObject({ complete: true, items: [] });
});
