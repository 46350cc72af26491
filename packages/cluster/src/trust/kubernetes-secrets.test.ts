import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import { secretReaderSuite } from '../../testing/secret-reader-suite.ts';
import { createTwinApi } from '../../testing/twin/kube-api.ts';
import { SECRETS } from '../api/kinds.ts';
import { KubeApiError, type KubeFailure } from '../api/kube-api.ts';
import { createKubernetesSecrets } from './kubernetes-secrets.ts';

secretReaderSuite('a reader of an API server', async () => {
  const api = createTwinApi({ clock: createVirtualClock() });
  return {
    reader: createKubernetesSecrets({ api }),
    namespace: 'shop',
    async hold(name, secret) {
      if (secret === undefined) api.remove(SECRETS, { namespace: 'shop', name });
      else api.apply(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'shop', name }, ...secret });
    },
    beAway: away => (away ? api.refuse(SECRETS, 'ServerError') : api.allow(SECRETS)),
  };
});

test('without the right it is forbidden, and nothing is listed or watched', async () => {
  const api = createTwinApi({ clock: createVirtualClock() });
  const reader = createKubernetesSecrets({ api });
  const secret = { namespace: 'shop', name: 'regcred' };
  api.refuse(SECRETS, 'Forbidden');
  expect(await reader.read(secret, new AbortController().signal)).toBe('forbidden');
  expect(['list', 'watch', 'get'].map(verb => api.requests(verb as 'get', SECRETS))).toEqual([0, 0, 1]);
});

test.each<KubeFailure>(['ServerError', 'TooLarge', 'Unreachable', 'TooManyRequests'])(
  'of the text of %s nothing is told: it may repeat the secret',
  async failure => {
    const get = () => Promise.reject(new KubeApiError(failure, 'Unexpected token "canary"', { cause: 'canary' }));
    const reader = createKubernetesSecrets({ api: { get } });
    const error = await reader
      .read({ namespace: 'shop', name: 'regcred' }, new AbortController().signal)
      .catch(thrown => thrown as Error);
    expect(error).toMatchObject({ failure, message: `GET secret shop/regcred: ${failure}`, cause: undefined });
  },
);
