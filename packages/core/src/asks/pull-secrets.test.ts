import { aResource, aState, aWorkload } from '@kube-prefetch/core/testing';
import { describe, expect, test } from 'vitest';
import type { ClusterState, PodSpec } from '../state/cluster-state.ts';
import { collectAsks } from './collect-asks.ts';
import { secretName } from './pull-secrets.ts';

const ACCOUNTS = [
  { namespace: 'shop', name: 'default', imagePullSecrets: ['of-default'] },
  { namespace: 'shop', name: 'builder', imagePullSecrets: ['of-builder', '', 'of-builder'] },
  { namespace: 'ops', name: 'builder', imagePullSecrets: ['of-ops'] },
];
const finding = { workloads: [{ kinds: ['Deployment' as const], selector: {} }] };

function secretsWith(pod: Partial<PodSpec>, own: readonly string[] = [], parts: Partial<ClusterState> = {}) {
  const spec = { ...finding, imagePullSecrets: own.map(name => ({ name })) };
  const state = aState({
    resources: [aResource({ spec })],
    workloads: [aWorkload({ pod })],
    serviceAccounts: ACCOUNTS,
    ownNamespace: 'kube-prefetch',
    ...parts,
  });
  const [ask] = collectAsks(state).asks;
  return { ...ask?.pullSecrets, keyrings: ask?.pullSecrets.keyrings.map(keyring => keyring.map(secretName)) };
}

describe('whose secrets a pull may use', () => {
  test.each<[string, Partial<PodSpec>, readonly string[], readonly (readonly string[])[]]>([
    ["the pod's, in its order", { imagePullSecrets: ['b', 'a'] }, [], [['shop/b', 'shop/a']]],
    ["none of its ServiceAccount beside the pod's", { imagePullSecrets: ['a'] }, [], [['shop/a']]],
    ['those of its ServiceAccount', { serviceAccountName: 'builder' }, [], [['shop/of-builder']]],
    ['those of default where it names no account', {}, [], [['shop/of-default']]],
    ['those of its account where its list is empty', { imagePullSecrets: [] }, [], [['shop/of-default']]],
    ['none where it names one without a name, as admission does', { imagePullSecrets: [''] }, [], []],
    ["the resource's after the pod's", { imagePullSecrets: ['a'] }, ['x', 'a'], [['shop/a'], ['shop/x', 'shop/a']]],
  ])('%s', (_what, pod, own, keyrings) => {
    expect(secretsWith(pod, own)).toEqual({ keyrings });
  });

  test('a ServiceAccount that does not exist, or that nobody could read, is named beside what else is there', () => {
    const pod = { serviceAccountName: 'gone' };
    expect(secretsWith(pod, ['x'])).toEqual({
      keyrings: [['shop/x']],
      account: { name: 'shop/gone', lacks: 'object' },
    });
    expect(secretsWith(pod, [], { serviceAccounts: undefined })).toEqual({
      keyrings: [],
      account: { name: 'shop/gone', lacks: 'reading' },
    });
  });

  test('nobody brings any secret where none may be read', () => {
    expect(secretsWith({ imagePullSecrets: ['a'] }, ['x'], { ownNamespace: undefined })).toEqual({ keyrings: [] });
  });

  test("a ClusterPrefetch brings its own secrets from the coordinator's namespace, those of pods from theirs", () => {
    const ref = { kind: 'ClusterPrefetch' as const, name: 'all' };
    const spec = { ...finding, images: ['named:1'], imagePullSecrets: [{ name: 'x' }] };
    const state = aState({
      resources: [aResource({ ref, spec })],
      workloads: [aWorkload({ namespace: 'ops', pod: { imagePullSecrets: ['a'] } })],
      serviceAccounts: ACCOUNTS,
      ownNamespace: 'kube-prefetch',
    });
    const found = collectAsks(state).asks.map(({ image, pullSecrets }) => [image, ...pullSecrets.keyrings.flat()]);
    expect(found).toEqual([
      ['named:1', { namespace: 'kube-prefetch', name: 'x' }],
      ['web:1', { namespace: 'ops', name: 'a' }, { namespace: 'kube-prefetch', name: 'x' }],
    ]);
  });

  test('workloads with one image and different secrets are different asks, those with equal ones the same', () => {
    const workloads = ['a', 'b', 'b'].map((secret, n) =>
      aWorkload({ name: `w${n}`, pod: { imagePullSecrets: [secret] } }),
    );
    const state = aState({ resources: [aResource({ spec: finding })], workloads, ownNamespace: 'kube-prefetch' });
    expect(collectAsks(state).asks.map(({ sources }) => sources)).toEqual([
      ['Deployment shop/w0'],
      ['Deployment shop/w1', 'Deployment shop/w2'],
    ]);
  });
});
