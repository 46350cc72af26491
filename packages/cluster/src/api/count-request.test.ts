import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import type { KubeApi, KubeObject, KubeTokens } from './kube-api.ts';
import { countRequest, type CountedRequest } from './count-request.ts';
import { createHttpKubeApi } from './http-api.ts';
import { LEASES, NODES, PREFETCHES } from './kinds.ts';
import type { KubeTransport } from './transport.ts';

const { signal } = new AbortController();
const web: KubeObject = { metadata: { namespace: 'shop', name: 'web', resourceVersion: '7' } };

function start(answer: KubeTransport) {
  const counted: string[] = [];
  const count = ({ verb, resource, code }: CountedRequest) => void counted.push(`${verb} ${resource} ${code}`);
  const send: KubeTransport = (request, inTime) => countRequest(request, count, () => answer(request, inTime));
  return {
    counted,
    api: createHttpKubeApi({ send, clock: createVirtualClock(), watchSeconds: 300, maxAnswerBytes: 10_000 }),
  };
}

const answering =
  (status: number, ...lines: readonly object[]): KubeTransport =>
  async () => ({
    status,
    retryAfter: undefined,
    body: (async function* () {
      for (const line of lines) yield Buffer.from(`${JSON.stringify(line)}\n`);
    })(),
    close: () => {},
  });

test.each<[string, (api: KubeApi & KubeTokens) => Promise<unknown>]>([
  ['list nodes 2xx', api => api.list(NODES, { limit: 1 }, signal)],
  ['get leases.coordination.k8s.io 2xx', api => api.get(LEASES, { namespace: 'a', name: 'b' }, signal)],
  [
    'create prefetches.kube-prefetch.io 2xx',
    api => api.write({ verb: 'create', kind: PREFETCHES, object: web }, signal),
  ],
  [
    'update prefetches.kube-prefetch.io 2xx',
    api => api.write({ verb: 'replace', kind: PREFETCHES, object: web }, signal),
  ],
  [
    'patch prefetches.kube-prefetch.io/status 2xx',
    api => api.write({ verb: 'patchStatus', kind: PREFETCHES, name: web.metadata, status: {} }, signal),
  ],
  ['create tokenreviews.authentication.k8s.io 2xx', api => api.review('token', ['us'], signal)],
  ['get /openid/v1/jwks 2xx', api => api.signingKeys(signal)],
])('it counts as %s', async (expected, call) => {
  const kind = expected.startsWith('list') ? 'NodeList' : undefined;
  const anything = { ...web, kind, items: [], keys: [], status: { authenticated: false, error: 'no' } };
  const { api, counted } = start(answering(200, anything));
  await call(api);
  expect(counted).toEqual([expected]);
});

test('a watch counts once, when it is opened, whatever it brings', async () => {
  const event = { type: 'ADDED', object: web };
  const { api, counted } = start(answering(200, event, event, event));
  const seen: string[] = [];
  for await (const { type } of api.watch(PREFETCHES, '1', signal)) {
    seen.push(type);
    expect(counted).toEqual(['watch prefetches.kube-prefetch.io 2xx']);
  }
  expect([seen.length, counted.length]).toEqual([4, 1]);
});

test('what is refused counts by the class of its status, and what has no answer as none', async () => {
  const refused = start(answering(404, {}));
  await expect(refused.api.get(NODES, { name: 'n1' }, signal)).rejects.toThrow(/404/);
  expect(refused.counted).toEqual(['get nodes 4xx']);
  const away = start(() => Promise.reject(new Error('nobody is there')));
  await expect(away.api.get(NODES, { name: 'n1' }, signal)).rejects.toThrow(/nobody is there/);
  expect(away.counted).toEqual(['get nodes none']);
});
