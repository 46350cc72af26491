import { describeRecentPods, type PodsWanted } from '@kube-prefetch/core';
import { aResource, arbitraryState } from '@kube-prefetch/core/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { root } from '../to-state/read-fields.ts';
import { choosePodsToRead, groupPods, type LearnedPod } from './group-pods.ts';
import { toAdmittedSpec, toPod, toPodMetadata } from './to-pod.ts';
import { toRecentPods } from './to-recent-pods.ts';

const owner = { group: 'apps', kind: 'ReplicaSet', name: 'web-1' };
const aPodObject = (name: string, parts: { metadata?: object; spec?: object; status?: object } = {}) => ({
  metadata: {
    name,
    namespace: 'shop',
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { app: 'web', 'pod-template-hash': '1' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', uid: 'u', controller: true }],
    ...parts.metadata,
  },
  spec: { nodeName: 'n1', containers: [{ name: 'app', image: 'm/web:1' }], ...parts.spec },
  status: { phase: 'Running', containerStatuses: [{ name: 'app', image: 'another/name:1' }], ...parts.status },
});
const everything: PodsWanted = { all: false, admitted: true, wants: () => true, controller: () => undefined };
const metadataOf = (name: string, createdAt: string) =>
  toPodMetadata(root(aPodObject(name, { metadata: { creationTimestamp: createdAt } })));

test('a pod is read by its spec and never by its status: containers, sidecars, init containers, image volumes', () => {
  const object = aPodObject('web-1-a', {
    spec: {
      initContainers: [{ name: 'istio-proxy', image: 'm/proxy:1', restartPolicy: 'Always' }],
      volumes: [{ name: 'model', image: { reference: 'm/model:1' } }],
    },
  });
  const { workload, ...metadata } = toPod(root(object), spec => spec);
  expect(metadata).toEqual(toPodMetadata(root(object)));
  expect(metadata).toMatchObject({ owner, revision: { 'pod-template-hash': '1' } });
  expect(workload?.pod).toMatchObject({
    containers: [{ image: 'm/web:1' }],
    initContainers: [{ image: 'm/proxy:1' }],
    imageVolumes: [{ image: 'm/model:1' }],
  });
  expect(JSON.stringify(workload)).not.toMatch(/another|n1/);
});

test.each([
  ['Running', undefined, undefined],
  ['Succeeded', '2026-01-02T00:00:00Z', '2026-01-02T00:00:00Z'],
  ['Failed', undefined, '2026-01-01T00:00:00Z'],
])('a pod that is %s, whose container ended at %s, ended at %s', (phase, finishedAt, endedAt) => {
  const containerStatuses = [{ name: 'app', state: finishedAt ? { terminated: { finishedAt } } : {} }];
  const { workload } = toPod(root(aPodObject('a', { status: { phase, containerStatuses } })), spec => spec);
  expect([workload?.endedAt, workload?.finished]).toEqual([endedAt, endedAt !== undefined]);
});

test('one pod of each controller and template is read, and a younger one of the same after five minutes', () => {
  const pods = [metadataOf('a', '2026-01-01T00:00:00Z'), metadataOf('b', '2026-01-02T00:00:00Z')];
  const groups = groupPods(pods, everything);
  const [key = ''] = groups.keys();
  const group = groups.get(key);
  expect(groups.size).toBe(1);
  expect(group?.newest.name).toBe('b');
  const learned = (name: string, problem?: string): ReadonlyMap<string, LearnedPod> =>
    new Map([
      [
        key,
        {
          namespace: 'shop',
          owner,
          revision: {},
          name,
          readMs: 0,
          ...(problem === undefined ? { pod: toAdmittedSpec(root(aPodObject(name))) } : { problem }),
        },
      ],
    ]);
  const due = (known: ReadonlyMap<string, LearnedPod>, now: number) => {
    const chosen = choosePodsToRead(groups, known, now);
    return [chosen.due.length, chosen.nextMs];
  };
  expect(due(new Map(), 0)).toEqual([1, Infinity]);
  expect(due(learned('b'), 400_000)).toEqual([0, Infinity]);
  expect(due(learned('a'), 299_999)).toEqual([0, 300_000]);
  expect(due(learned('a'), 300_000)).toEqual([1, Infinity]);
  expect(due(learned('b', 'why'), 29_999)).toEqual([0, 30_000]);
  expect(due(learned('b', 'why'), 30_000)).toEqual([1, Infinity]);
});

test('pods that nobody wants to know about, and bare ones, are in no group', () => {
  const bare = toPodMetadata(root(aPodObject('bare', { metadata: { ownerReferences: [] } })));
  expect(groupPods([bare], everything).size).toBe(0);
  expect(groupPods([metadataOf('a', '')], { ...everything, wants: () => false }).size).toBe(0);
});

test('what a status says of any pod is read back as it was', () => {
  const hits = { kept: 0, tooLarge: 0 };
  fc.assert(
    fc.property(arbitraryState, ({ workloads }) => {
      for (const { pod: given } of workloads) {
        const { nodeName: _nodeName, imagePullSecrets = [], ...others } = given;
        // An empty list is read as none.
        const pod = imagePullSecrets.length === 0 ? others : { ...others, imagePullSecrets };
        if (pod.containers.length === 0) continue;
        const kept = { namespace: 'shop', lastUsed: '2026-01-01T00:00:00.000Z', pod };
        const recentPods = describeRecentPods(aResource(), [kept]);
        hits[recentPods?.length === 0 ? 'tooLarge' : 'kept'] += 1;
        const read = toRecentPods(aResource().ref, root({ status: { recentPods } }));
        expect(read.recentPods ?? []).toEqual(recentPods?.length === 0 ? [] : [kept]);
      }
    }),
  );
  console.log('pods through a status:', JSON.stringify(hits));
});

test('of a status that somebody else wrote only what a coordinator could have written counts', () => {
  const { ref } = aResource();
  const good = { namespace: 'shop', images: [], pod: JSON.stringify({ spec: { containers: [{ image: 'a' }] } }) };
  const read = (recentPods: unknown) => toRecentPods(ref, root({ status: { recentPods } })).recentPods?.length ?? 0;
  expect(read([good])).toBe(1);
  expect(read([{ ...good, namespace: 'other' }, { ...good, pod: '{' }, { ...good, pod: '{}' }, 5, null])).toBe(0);
  expect(
    read([
      { ...good, lastUsed: 'tomorrow' },
      { ...good, pod: 'x'.repeat(5_000) },
    ]),
  ).toBe(0);
  expect(read('nonsense')).toBe(0);
  expect(toAdmittedSpec(root({ spec: { nodeName: 'n1', containers: [{ image: 'a' }] } }))).not.toHaveProperty(
    'nodeName',
  );
});
