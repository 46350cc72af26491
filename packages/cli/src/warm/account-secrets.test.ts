import { readManifests } from '@kube-prefetch/cluster';
import { aServiceAccount, createTwinApi, READ_KINDS } from '@kube-prefetch/cluster/testing';
import { accountOf } from '@kube-prefetch/core';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import { type Kube, type KubeCall, KubeRefusal } from '../connect/kube.ts';
import { readAccountSecrets, withAccountSecrets } from './account-secrets.ts';

const { signal } = new AbortController();
const [ACCOUNTS] = READ_KINDS.filter(({ kind }) => kind === 'ServiceAccount');

/** The twin of an API server, asked for ServiceAccounts as the command line asks. */
function start(refused?: 'Forbidden') {
  if (ACCOUNTS === undefined) throw new Error('ServiceAccounts are not read');
  const twin = createTwinApi({ clock: createVirtualClock() });
  twin.apply(ACCOUNTS, aServiceAccount('default', ['regcred']));
  twin.apply(ACCOUNTS, aServiceAccount('builder', ['a', 'b']));
  if (refused !== undefined) twin.refuse(ACCOUNTS, refused);
  const call = async ({ path }: KubeCall) => {
    const [, namespace = '', name = ''] = /namespaces\/([^/]+)\/serviceaccounts\/([^/]+)$/.exec(path) ?? [];
    try {
      return await twin.get(ACCOUNTS, { namespace, name }, signal);
    } catch (error) {
      const { failure, message } = error as { failure: string; message: string };
      throw new KubeRefusal(failure === 'NotFound' ? 404 : 403, message);
    }
  };
  return { kube: { namespace: 'shop', call } as unknown as Kube, twin, asked: () => twin.requests('get', ACCOUNTS) };
}

const deployment = (name: string, pod: string) =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${name}}\nspec: {template: {spec: {containers: [{name: c, image: a:1}]${pod}}}}\n`;

async function secretsOf({ kube }: ReturnType<typeof start>, ...texts: readonly string[]) {
  const { workloads, serviceAccounts, problems } = readManifests(texts.join('---\n'), 'shop');
  expect(problems).toEqual([]);
  const needed = workloads.flatMap(({ namespace, pod }) => {
    const account = accountOf(pod);
    return account === undefined ? [] : [{ namespace, account }];
  });
  const secrets = await readAccountSecrets(kube, needed, serviceAccounts, signal);
  const named = withAccountSecrets(workloads, secrets).map(({ pod }) => pod.imagePullSecrets);
  return { named, notes: secrets.notes };
}

const WRITTEN = 'apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: next}\nimagePullSecrets: [{name: new}]\n';

test.each<[string, readonly string[], readonly string[]]>([
  ['names none: those of default', [deployment('web', '')], ['regcred']],
  ['names its account', [deployment('web', ', serviceAccountName: builder')], ['a', 'b']],
  [
    'names secrets itself',
    [deployment('web', ', serviceAccountName: builder, imagePullSecrets: [{name: own}]')],
    ['own'],
  ],
  ['names an empty one, which keeps those of its account away', [deployment('web', ', imagePullSecrets: [{}]')], ['']],
  ['names an account that is rolled out with it', [deployment('web', ', serviceAccountName: next'), WRITTEN], ['new']],
])('a workload that %s', async (_case, texts, secrets) => {
  expect(await secretsOf(start(), ...texts)).toEqual({ named: [secrets], notes: [] });
});

test('an account is read once for all its workloads', async () => {
  const api = start();
  await secretsOf(api, deployment('a', ''), deployment('b', ''), deployment('c', ', serviceAccountName: builder'));
  expect(api.asked()).toBe(2);
});

test('an account that is not there, or may not be read, is said, and nothing ends because of it', async () => {
  expect(await secretsOf(start(), deployment('web', ', serviceAccountName: gone'))).toEqual({
    named: [[]],
    notes: ['ServiceAccount shop/gone does not exist: no pull secrets of it are used'],
  });
  const { named, notes } = await secretsOf(start('Forbidden'), deployment('web', ''));
  expect(named).toEqual([[]]);
  expect(notes).toEqual([
    expect.stringMatching(/shop\/default cannot be read.*--pull-secret.*get on serviceaccounts in shop/),
  ]);
});
