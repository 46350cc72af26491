import { inspect } from 'node:util';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import { createHttpKubeApi } from './http-api.ts';
import { SECRETS } from './kinds.ts';

const SECRET = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace: 'shop', name: 'regcred' },
  data: { password: 'canary' },
});

test.each([
  ['cut short', SECRET.slice(0, -5)],
  ['in the middle of it', SECRET.slice(SECRET.indexOf('canary'))],
  ['with something after it', `${SECRET}canary`],
  ['twice', `${SECRET}${SECRET}`],
])('of an answer that is no JSON, here a Secret %s, the error tells nothing', async (_how, text) => {
  async function* body() {
    yield Buffer.from(text);
  }
  const api = createHttpKubeApi({
    send: async () => ({ status: 200, retryAfter: undefined, body: body(), close: () => {} }),
    clock: createVirtualClock(),
    watchSeconds: 60,
    maxAnswerBytes: 10_000,
  });
  const name = { namespace: 'shop', name: 'regcred' };
  const error = await api.get(SECRETS, name, new AbortController().signal).catch((thrown: Error) => thrown);
  expect(error).toMatchObject({ failure: 'ServerError', message: expect.stringContaining('secrets/regcred: ') });
  expect(inspect(error)).not.toContain('canary');
});

test('what is served is sent again only when it has changed, and kinds that cannot be watched do not count', async () => {
  const resource = (kind: string, verbs: readonly string[], scope = 'Namespaced') => ({
    resource: `${kind.toLowerCase()}s`,
    responseKind: { group: 'argoproj.io', version: 'v1alpha1', kind },
    scope,
    verbs,
  });
  const all = ['create', 'list', 'watch'];
  const group = (name: string, freshness: string, resources: readonly object[]) => ({
    metadata: { name },
    versions: [{ version: 'v1alpha1', freshness, resources }],
  });
  const answer = JSON.stringify({
    kind: 'APIGroupDiscoveryList',
    items: [
      group('argoproj.io', 'Current', [resource('Rollout', all), resource('Ending', ['list', 'watch'], 'Cluster')]),
      group('other.example', 'Current', [resource('Other', all)]),
      group('slow.example', 'Stale', [resource('Checked', ['create'])]),
    ],
  });
  const asked: (string | undefined)[] = [];
  const api = createHttpKubeApi({
    send: async ({ known }) => {
      asked.push(known);
      async function* body() {
        if (known === undefined) yield Buffer.from(answer);
      }
      return {
        status: known === undefined ? 200 : 304,
        retryAfter: undefined,
        etag: '"1"',
        body: body(),
        close: () => {},
      };
    },
    clock: createVirtualClock(),
    watchSeconds: 60,
    maxAnswerBytes: 10_000,
  });
  const look = () => api.served(['argoproj.io', 'slow.example'], new AbortController().signal);
  const first = await look();
  const kind = { apiVersion: 'argoproj.io/v1alpha1', namespaced: true, creatable: true };
  expect(first).toEqual({
    kinds: [
      { ...kind, kind: 'Rollout', plural: 'rollouts' },
      { ...kind, kind: 'Ending', plural: 'endings', namespaced: false, creatable: false },
    ],
    unknown: ['slow.example'],
  });
  expect(await look()).toBe(first);
  expect(asked).toEqual([undefined, '"1"']);
});
