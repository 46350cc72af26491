import { X509Certificate } from 'node:crypto';
import { createKubernetesCertificates } from '@kube-prefetch/cluster';
import { CONFIG_MAPS, type TwinApi, SECRETS, createTwinApi } from '@kube-prefetch/cluster/testing';
import { type Log, silentLog } from '@kube-prefetch/process';
import type { Random } from '@kube-prefetch/time';
import { type VirtualClock, createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import { createMetrics } from '../metrics.ts';
import type { ServerCertificate } from './make-certificate.ts';
import { makeAuthority } from './make-certificate.ts';
import { createServingCertificate, type ServingCertificate } from './serving-certificate.ts';

const SECRET = { namespace: 'own', name: 'ca' };
const CONFIG_MAP = { namespace: 'own', name: 'trust' };
const NAME = 'coordinator.own.svc';
const DAY_MS = 86_400_000;

interface Replica {
  readonly api: ReturnType<TwinApi['connect']>;
  /** Every certificate that was put into use, the latest last. */
  readonly used: X509Certificate[];
  readonly serving: ServingCertificate;
  readonly stop: () => Promise<void>;
}

function createWorld() {
  const clock = createVirtualClock();
  const server = createTwinApi({ clock });
  const lines: string[] = [];
  const note = (fields: object, message: string) => {
    const { err } = fields as { err?: Error };
    lines.push(`${message} ${err?.message ?? ''} ${JSON.stringify(fields)}`);
  };
  const log = { ...silentLog, info: note, error: note } as Log;
  const metrics = createMetrics();
  server.apply(SECRETS, { metadata: SECRET });
  server.apply(CONFIG_MAPS, { metadata: CONFIG_MAP });

  const start = (random: Random = () => 1): Replica => {
    const api = server.connect();
    const store = createKubernetesCertificates({ api, secret: SECRET, configMap: CONFIG_MAP });
    const serving = createServingCertificate({ store, clock, random, log, metrics, dnsName: NAME });
    const life = new AbortController();
    const used: X509Certificate[] = [];
    const use = ({ cert, key }: ServerCertificate) => {
      used.push(new X509Certificate(cert));
      expect(key).toContain('PRIVATE KEY');
    };
    const run = async () => {
      use(await serving.first(life.signal));
      await serving.keepGood(use, life.signal);
    };
    const ended = run().catch(error => {
      if (!life.signal.aborted) throw error;
    });
    return {
      api,
      used,
      serving,
      stop() {
        life.abort(new Error('stopped'));
        return ended;
      },
    };
  };
  const trusted = () =>
    (server.read(CONFIG_MAPS, CONFIG_MAP)?.['data'] as Record<string, string> | undefined)?.['ca.crt'];
  const keep = (certificate: string, privateKey: string) => {
    const [crt, key] = [certificate, privateKey].map(text => Buffer.from(text).toString('base64'));
    server.apply(SECRETS, { metadata: SECRET, data: { 'tls.crt': crt, 'tls.key': key } });
  };
  const gauges = async () => (await metrics.registry.metrics()).split('\n');
  return { clock, server, lines, start, trusted, keep, gauges };
}

/** Keys are made outside of the virtual clock. */
async function until(clock: VirtualClock, condition: () => boolean): Promise<void> {
  while (!condition()) await clock.advance(0);
}

/** Long enough for keys to be made, were any asked for. */
async function idle(clock: VirtualClock, ms: number): Promise<void> {
  await clock.advance(ms);
  await makeAuthority({ fromMs: 0, untilMs: 1 });
  await clock.advance(0);
}

test('the certificate is for the one name, by an authority that agents find', async () => {
  const { clock, start, trusted } = createWorld();
  const { used, stop } = start();
  await until(clock, () => used.length === 1);
  const [certificate] = used;
  const authority = new X509Certificate(trusted() ?? '');
  expect(certificate?.subjectAltName).toBe(`DNS:${NAME}`);
  expect([certificate?.ca, certificate?.checkIssued(authority), certificate?.verify(authority.publicKey)]).toEqual([
    false,
    true,
    true,
  ]);
  expect(certificate?.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  expect((certificate?.validToDate.getTime() ?? 0) - clock.wallMs()).toBe(7 * DAY_MS);
  expect([authority.ca, authority.validToDate.getTime() - clock.wallMs()]).toEqual([true, 3_650 * DAY_MS]);
  await stop();
  expect(clock.sleepers()).toBe(0);
});

test('the log says in RFC 3339 until when a certificate is good', async () => {
  const { clock, start, lines } = createWorld();
  const { used, stop } = start();
  await until(clock, () => used.length === 1);
  const [issued = ''] = lines.filter(line => line.startsWith('certificate issued'));
  expect(issued).toContain(`"until":"${used[0]?.validToDate.toISOString()}"`);
  await stop();
});

test('it is replaced when two thirds of its life have passed, by one of the same authority', async () => {
  const { clock, start, trusted } = createWorld();
  const { used, stop } = start();
  await until(clock, () => used.length === 1);
  const authority = trusted();
  clock.suspend((7 * DAY_MS * 2) / 3 - 120_000);
  await idle(clock, 60_000);
  expect(used).toHaveLength(1);
  await clock.advance(120_000);
  await until(clock, () => used.length === 2);
  expect(used[1]?.serialNumber).not.toBe(used[0]?.serialNumber);
  expect(trusted()).toBe(authority);
  await stop();
});

test('two replicas that start at once use the same authority, and so does a third one later', async () => {
  const { clock, start, trusted } = createWorld();
  const replicas = [start(), start()];
  await until(clock, () => replicas.every(({ used }) => used.length === 1));
  replicas.push(start());
  await until(clock, () => replicas.every(({ used }) => used.length === 1));
  const authority = new X509Certificate(trusted() ?? '');
  expect(replicas.map(({ used }) => used[0]?.verify(authority.publicKey))).toEqual([true, true, true]);
  await Promise.all(replicas.map(({ stop }) => stop()));
});

test('while the API server is away a new certificate comes all the same, and trust is published when it is back', async () => {
  const { clock, server, start, trusted } = createWorld();
  const { api, used, stop } = start();
  await until(clock, () => used.length === 1);
  const authority = trusted();
  api.cutOff();
  server.apply(CONFIG_MAPS, { metadata: CONFIG_MAP, data: {} });
  clock.suspend(5 * DAY_MS);
  await until(clock, () => used.length === 2);
  expect(trusted()).toBeUndefined();
  api.restore();
  await clock.advance(60_000);
  expect(trusted()).toBe(authority);
  await stop();
});

test('whoever empties the Secret has a new authority made, which all replicas follow within a minute', async () => {
  const { clock, start, trusted, keep } = createWorld();
  const replicas = [start(), start()];
  await until(clock, () => replicas.every(({ used }) => used.length === 1));
  const before = trusted();
  keep('', '');
  await clock.advance(60_000);
  await until(clock, () => replicas.some(({ used }) => used.length === 2));
  await clock.advance(60_000);
  await until(clock, () => replicas.every(({ used }) => used.length === 2));
  expect(trusted()).not.toBe(before);
  const { publicKey } = new X509Certificate(trusted() ?? '');
  expect(replicas.map(({ used }) => used[1]?.verify(publicKey))).toEqual([true, true]);
  await Promise.all(replicas.map(({ stop }) => stop()));
});

const certificatesIn = (pem: string | undefined) =>
  (pem?.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []).map(each => new X509Certificate(each));
const serials = (pem: string | undefined) => certificatesIn(pem).map(({ serialNumber }) => serialNumber);

test('an authority is renewed for years, and every certificate in use is of one that agents have trusted for a week', async () => {
  const { clock, start, trusted, gauges } = createWorld();
  const replicas = [start(), start()];
  await until(clock, () => replicas.every(({ used }) => used.length === 1));
  const [first] = serials(trusted());
  /** Lets time pass, then two looks. What was used before was trusted, and so is what is used now. */
  const pass = async (days: number) => {
    const known = certificatesIn(trusted());
    const before = replicas.map(({ used }) => used.length);
    clock.suspend(days * DAY_MS);
    // In steps, so that keys are made before the clock says that it took too long.
    for (let step = 0; step < 26; step += 1) await idle(clock, 5_000);
    expect(replicas.every(({ used }, index) => used.length > (before[index] ?? 0))).toBe(true);
    for (const { used } of replicas) {
      const inUse = used.at(-1);
      expect(known.some(({ publicKey }) => inUse?.verify(publicKey))).toBe(true);
      expect(certificatesIn(trusted()).some(({ publicKey }) => inUse?.verify(publicKey))).toBe(true);
      expect(inUse?.validToDate.getTime()).toBeGreaterThan(clock.wallMs());
    }
  };
  await pass(2_400);
  expect(serials(trusted())).toEqual([first]);
  await pass(50);
  const [, second] = serials(trusted());
  expect(serials(trusted())).toEqual([first, second]);
  await pass(6);
  expect(serials(trusted())).toEqual([first, second]);
  await pass(2);
  expect(serials(trusted())).toEqual([second, first]);
  await pass(1_250);
  expect(serials(trusted())).toEqual([second]);
  const end = certificatesIn(trusted())[0]?.validToDate.getTime() ?? 0;
  expect(await gauges()).toContain(
    `kube_prefetch_coordinator_certificate_end_timestamp_seconds{certificate="authority"} ${end / 1000}`,
  );
  await pass(2_000);
  expect(serials(trusted())[0]).toBe(second);
  expect(serials(trusted())).toHaveLength(2);
  await Promise.all(replicas.map(({ stop }) => stop()));
});

test('an authority that could not be renewed until it ended is a problem, and nobody is served with it', async () => {
  const { clock, server, start } = createWorld();
  const { used, serving, stop } = start();
  await until(clock, () => used.length === 1);
  expect([serving.isGood(), serving.problem()]).toEqual([true, undefined]);
  server.refuse(SECRETS, 'Forbidden');
  await clock.advance(60_000);
  expect([serving.isGood(), serving.problem()]).toEqual([true, expect.stringContaining('secrets are refused')]);
  clock.suspend(3_651 * DAY_MS);
  await clock.advance(60_000);
  expect(serving.isGood()).toBe(false);
  await stop();
});

test('a store that fails is not asked again within a second, whatever the jitter', async () => {
  const { clock, server, start, lines } = createWorld();
  server.refuse(SECRETS, 'TooManyRequests');
  const { used, stop } = start(() => 0);
  await clock.advance(10_999);
  expect(lines).toHaveLength(11);
  server.allow(SECRETS);
  await clock.advance(1);
  await until(clock, () => used.length === 1);
  await stop();
});

const nowMs = createVirtualClock().wallMs();
const good = await makeAuthority({ fromMs: nowMs - DAY_MS, untilMs: nowMs + 100 * DAY_MS });
const other = await makeAuthority({ fromMs: nowMs - DAY_MS, untilMs: nowMs + 100 * DAY_MS });
const early = await makeAuthority({ fromMs: nowMs + DAY_MS, untilMs: nowMs + 100 * DAY_MS });
const ended = await makeAuthority({ fromMs: nowMs - 2 * DAY_MS, untilMs: nowMs - DAY_MS });

test.each([
  ['text that is no certificate', 'hello', good.privateKey, 'its certificate cannot be read'],
  ['a key that is none', good.certificate, 'hello', 'its private key cannot be read'],
  ['a certificate alone', good.certificate, '', 'its private key cannot be read'],
  ['a key alone', '', good.privateKey, 'its certificate cannot be read'],
  ["another authority's key", good.certificate, other.privateKey, 'not that of the certificate'],
  ['an authority that has not begun', early.certificate, early.privateKey, 'it begins'],
  ['an authority that has ended', ended.certificate, ended.privateKey, 'it ended'],
])('a Secret with %s is said to be spoilt and left as it is, until it is repaired', async (_case, crt, key, words) => {
  const { clock, server, lines, start, trusted, keep, gauges } = createWorld();
  keep(crt, key);
  const before = server.read(SECRETS, SECRET);
  const { used, serving, stop } = start();
  await idle(clock, 300_000);
  expect([used.length, trusted(), server.read(SECRETS, SECRET)]).toEqual([0, undefined, before]);
  expect(lines[0]).toContain(words);
  expect([serving.isGood(), serving.problem()]).toEqual([false, expect.stringContaining(words)]);
  expect(await gauges()).toContain('kube_prefetch_coordinator_authority_problem 1');
  keep(good.certificate, good.privateKey);
  await clock.advance(60_000);
  await until(clock, () => used.length === 1);
  expect(trusted()).toBe(good.certificate);
  expect(lines.join('\n')).not.toContain(good.privateKey.split('\n')[1]);
  await stop();
});
