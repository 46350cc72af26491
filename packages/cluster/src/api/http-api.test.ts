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
