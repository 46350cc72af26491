import type { ResourcesView } from '@kube-prefetch/protocol';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import type { Context } from '../connect/context.ts';
import { type Kube, type KubeCall, KubeRefusal } from '../connect/kube.ts';
import type { WarmResource } from '../warm/warm-resources.ts';
import { warm, type WarmOptions } from './warm.ts';

type State = 'pulling' | 'warm' | 'NotFound';

/** An API server that keeps Prefetches, and a coordinator that says of each what the test wants. */
function start({ left = [], allowed = true }: { left?: { name: string; expires: string }[]; allowed?: boolean } = {}) {
  const clock = createVirtualClock();
  const stop = new AbortController();
  const kept = new Map(
    left.map(({ name, expires }) => [name, { annotations: { 'kube-prefetch.io/expires': expires } }]),
  );
  const made: WarmResource[] = [];
  let state: State = 'pulling';
  let said = '';
  let err = '';
  const call = async ({ method, path, body }: KubeCall): Promise<unknown> => {
    if (!allowed) throw new KubeRefusal(403, 'prefetches is forbidden');
    if (path.includes('/serviceaccounts/')) return { imagePullSecrets: [{ name: 'regcred' }] };
    const name = path.split('/prefetches/')[1];
    if (method === 'GET' && name !== undefined) return { metadata: { name, generation: 1 } };
    if (method === 'GET') return { items: [...kept].map(([name, metadata]) => ({ metadata: { name, ...metadata } })) };
    if (method === 'DELETE') return kept.delete(name ?? '');
    made.push(body as WarmResource);
    const created = `warm-${made.length}`;
    kept.set(created, { annotations: { 'kube-prefetch.io/expires': '9' } });
    return { metadata: { name: created, uid: 'u' } };
  };
  const look = async () =>
    ({
      resources: [...kept.keys()].map(name => ({
        resource: { kind: 'Prefetch', namespace: 'shop', name },
        status: {
          observedGeneration: 1,
          conditions: [{ type: 'Warm', status: state === 'warm' ? 'True' : 'False', message: state }],
          summary: { cells: 2, present: state === 'warm' ? 2 : 0 },
          failures:
            state === 'NotFound' ? [{ image: 'a:1', reason: state, message: 'm', nodes: 2, examples: ['n1'] }] : [],
        },
      })),
    }) as unknown as ResourcesView;
  const kube = { namespace: 'shop', call } as unknown as Kube;
  const context = {
    terminal: { out: (text: string) => (said += text), err: (text: string) => (err += text), errLive: false },
    clock,
    signal: stop.signal,
    namespace: () => 'shop',
    kube: () => kube,
    needKube: () => kube,
    views: { follow: () => ({ look, close: () => {} }) },
  } as unknown as Context;
  const begin = (options: Partial<WarmOptions>) =>
    warm(context, ['a:1'], { pullSecret: [], timeout: 60_000, ...options }).then(
      () => 0,
      (error: { exitCode?: number; message: string }) => error.exitCode ?? error.message,
    );
  return { begin, clock, stop, kept, made, said: () => said, err: () => err, become: (next: State) => (state = next) };
}

test.each<[string, State | 'Ctrl-C' | 'nothing', Partial<WarmOptions>, number | string, number]>([
  ['that becomes warm', 'warm', { wait: true }, 0, 0],
  ['that becomes warm and is to be kept', 'warm', { wait: true, keep: true }, 0, 1],
  ['that becomes warm and is to be kept for a time', 'warm', { wait: true, ttl: 60_000 }, 0, 1],
  ['that can never be, although it is to be kept', 'NotFound', { wait: true, keep: true }, 3, 0],
  ['whose time runs out', 'nothing', { wait: true }, 4, 0],
  ['that somebody interrupts', 'Ctrl-C', { wait: true }, 'Ctrl-C', 0],
  ['that nobody waits for', 'nothing', {}, 0, 1],
])('of an image %s this many Prefetches are left', async (_case, becomes, options, code, left) => {
  const { begin, clock, stop, kept, become } = start();
  const ended = begin(options);
  await clock.advance(5_000);
  if (becomes === 'Ctrl-C') stop.abort(new Error('Ctrl-C'));
  else if (becomes !== 'nothing') become(becomes);
  await clock.advance(120_000);
  expect([await ended, kept.size]).toEqual([code, left]);
});

test('what an earlier run left behind is deleted once its time has come, and only then', async () => {
  const left = [
    { name: 'old', expires: '1969-01-01T00:00:00.000Z' },
    { name: 'young', expires: '2999-01-01T00:00:00.000Z' },
  ];
  const { begin, kept, made, said } = start({ left });
  expect(await begin({ ttl: 3_600_000 })).toBe(0);
  expect([...kept.keys()]).toEqual(['young', 'warm-1']);
  expect(said()).toBe('prefetch.kube-prefetch.io/warm-1\n');
  expect(made[0]?.metadata).toMatchObject({
    generateName: 'warm-',
    labels: { 'kube-prefetch.io/warm-by': 'kubectl-prefetch' },
  });
});

test('an image named outright is pulled as by a pod of the namespace, unless secrets are named as well', async () => {
  const { begin, made } = start();
  expect([await begin({}), await begin({ pullSecret: ['own'] })]).toEqual([0, 0]);
  expect(made.map(({ spec }) => spec.imagePullSecrets)).toEqual([[{ name: 'regcred' }], [{ name: 'own' }]]);
});

test('who may not make one is told which rights are missing', async () => {
  expect(await start({ allowed: false }).begin({ wait: true })).toBe(1);
});
