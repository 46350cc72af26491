import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { createKubernetesCertificates } from '@kube-prefetch/cluster';
import { CONFIG_MAPS, SECRETS, createTwinApi } from '@kube-prefetch/cluster/testing';
import { listenForAgents } from '@kube-prefetch/coordinator';
import { createMemoryHarness } from '@kube-prefetch/coordinator/testing';
import { createServingCertificate } from '@kube-prefetch/coordinator/tls';
import { aNode, aResource, aState } from '@kube-prefetch/core/testing';
import { waitUntil } from '@kube-prefetch/lab/machine';
import { silentLog } from '@kube-prefetch/process';
import { systemClock as clock, systemRandom as random } from '@kube-prefetch/time';
import { expect, test } from 'vitest';
import { SOON_MS } from '../patience.ts';

const SECRET = { namespace: 'own', name: 'ca' };
const CONFIG_MAP = { namespace: 'own', name: 'ca' };
const NAME = 'coordinator.own.svc';
/** A certificate is replaced after six seconds of its nine. */
const LIVES = { authorityMs: 3_600_000, certificateMs: 9_000 };
const REPLACED = 2;

test('certificates are replaced while a poll waits: it is answered, and new connections see the new one', async () => {
  const api = createTwinApi({ clock });
  api.apply(SECRETS, { metadata: SECRET });
  api.apply(CONFIG_MAPS, { metadata: CONFIG_MAP });
  const store = createKubernetesCertificates({ api, secret: SECRET, configMap: CONFIG_MAP });
  const certificate = createServingCertificate({ store, clock, random, log: silentLog, dnsName: NAME, lives: LIVES });
  const identity = { identify: async () => ({ node: 'n1', podUid: 'uid-1' }) };
  const { coordinator, set, close } = createMemoryHarness();
  const state = (image: string) =>
    aState({ resources: [aResource({ spec: { images: [image] } })], nodes: [aNode({ name: 'n1' })] });
  await set(state('a:1'));
  const life = new AbortController();
  const parts = { listen: { host: '127.0.0.1', port: 0 }, trust: { certificate, identity }, clock, log: silentLog };
  const listening = await listenForAgents(coordinator, parts, life.signal);
  try {
    const ca = (api.read(CONFIG_MAPS, CONFIG_MAP) as { data?: Record<string, string> } | undefined)?.data?.['ca.crt'];
    const ask = (path: string, etag = '') =>
      new Promise<{ status?: number; etag?: string; serial: string }>((resolve, reject) => {
        const { hostname: host, port } = new URL(listening.address);
        const headers = { authorization: 'Bearer any', ...(etag === '' ? {} : { 'if-none-match': etag }) };
        request({ host, port, path, headers, ca, servername: NAME, agent: false }, answer => {
          const { serialNumber: serial } = (answer.socket as TLSSocket).getPeerCertificate();
          answer.resume().once('end', () => {
            resolve({ status: answer.statusCode, etag: answer.headers.etag, serial });
          });
        })
          .once('error', reject)
          .end();
      });

    const first = await ask('/v1/nodes/n1/plan');
    const poll = ask('/v1/nodes/n1/plan?wait=50', first.etag);
    await waitUntil(() => coordinator.line.fleet.node('n1')?.poll !== undefined, 'the poll to wait', SOON_MS);
    const serials = new Set([first.serial]);
    await waitUntil(
      async () => {
        const { status, serial } = await ask('/v1/nodes/n1/plan');
        expect(status).toBe(200);
        serials.add(serial);
        await sleep(100);
        return serials.size > REPLACED;
      },
      'certificates to be replaced',
      SOON_MS,
    );
    await set(state('b:1'));
    const answered = await poll;
    expect([answered.status, answered.serial]).toEqual([200, first.serial]);
    expect(answered.etag).not.toBe(first.etag);
  } finally {
    life.abort(new Error('the test is over'));
    await listening.close();
    await close();
  }
});
