import { X509Certificate } from 'node:crypto';
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
/** A certificate is replaced after six seconds of its nine. The authority is in its last third at once. */
const LIVES = { authorityMs: 60_000, certificateMs: 9_000 };

test('certificates and their authority are replaced while a poll waits, and agents that trust both connect all the time', async () => {
  const api = createTwinApi({ clock });
  api.apply(SECRETS, { metadata: SECRET });
  api.apply(CONFIG_MAPS, { metadata: CONFIG_MAP });
  const store = createKubernetesCertificates({ api, secret: SECRET, configMap: CONFIG_MAP });
  const certificate = createServingCertificate({ store, clock, random, log: silentLog, dnsName: NAME, lives: LIVES });
  const identity = { identify: async () => ({ node: 'n1', pod: { name: 'agent', uid: 'uid-1' } }) };
  const { coordinator, set, close } = createMemoryHarness();
  const state = (image: string) =>
    aState({ resources: [aResource({ spec: { images: [image] } })], nodes: [aNode({ name: 'n1' })] });
  await set(state('a:1'));
  const life = new AbortController();
  const parts = { listen: { host: '127.0.0.1', port: 0 }, trust: { certificate, identity }, clock, log: silentLog };
  const listening = await listenForAgents(coordinator, parts, life.signal);
  try {
    const published = () =>
      (api.read(CONFIG_MAPS, CONFIG_MAP)?.['data'] as Record<string, string> | undefined)?.['ca.crt']?.split(
        /(?<=END.*\n)/,
      ) ?? [];
    let trusted = published();
    const [first] = trusted;
    const ask = (path: string, etag = '') =>
      new Promise<{ status?: number; etag?: string; serial: string; authority: number }>((resolve, reject) => {
        const { hostname: host, port } = new URL(listening.address);
        const headers = { authorization: 'Bearer any', ...(etag === '' ? {} : { 'if-none-match': etag }) };
        request({ host, port, path, headers, ca: trusted.join(''), servername: NAME, agent: false }, answer => {
          const shown = (answer.socket as TLSSocket).getPeerX509Certificate();
          const serial = shown?.serialNumber ?? '';
          const authority = trusted.findIndex(pem => shown?.verify(new X509Certificate(pem).publicKey));
          answer.resume().once('end', () => {
            resolve({ status: answer.statusCode, etag: answer.headers.etag, serial, authority });
          });
        })
          .once('error', reject)
          .end();
      });

    const before = await ask('/v1/nodes/n1/plan');
    const poll = ask('/v1/nodes/n1/plan?wait=50', before.etag);
    await waitUntil(() => coordinator.line.fleet.node('n1')?.poll !== undefined, 'the poll to wait', SOON_MS);
    const serials = new Set([before.serial]);
    await waitUntil(
      async () => {
        // What agents trust from then on, until the other authority signs: they follow late.
        if (trusted.length === 1) trusted = published();
        const { status, serial, authority } = await ask('/v1/nodes/n1/plan');
        expect(status).toBe(200);
        serials.add(serial);
        await sleep(100);
        return authority === 1;
      },
      'the authority to be replaced',
      SOON_MS,
    );
    expect(serials.size).toBeGreaterThan(2);
    expect(published()).toEqual([trusted[1], first]);
    await set(state('b:1'));
    const answered = await poll;
    expect([answered.status, answered.serial]).toEqual([200, before.serial]);
    expect(answered.etag).not.toBe(before.etag);
  } finally {
    life.abort(new Error('the test is over'));
    await listening.close();
    await close();
  }
});
