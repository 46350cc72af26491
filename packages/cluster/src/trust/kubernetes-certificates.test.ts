import { createTwinApi } from '@kube-prefetch/cluster/testing';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import { createKubernetesCertificates } from './kubernetes-certificates.ts';
import { CONFIG_MAPS, SECRETS } from '../api/kinds.ts';

const SECRET = { namespace: 'own', name: 'ca' };
const CONFIG_MAP = { namespace: 'own', name: 'trust' };
const AUTHORITY = { certificate: 'PEM of a certificate\n', privateKey: 'PEM of a key\n' };
const signal = new AbortController().signal;

function start() {
  const server = createTwinApi({ clock: createVirtualClock() });
  server.apply(SECRETS, { metadata: SECRET, type: 'kubernetes.io/tls', data: { 'tls.crt': '', 'tls.key': '' } });
  server.apply(CONFIG_MAPS, { metadata: CONFIG_MAP });
  const connect = () => createKubernetesCertificates({ api: server.connect(), secret: SECRET, configMap: CONFIG_MAP });
  return { server, connect };
}

test('what one replica keeps another reads, and what is empty reads as nothing', async () => {
  const { server, connect } = start();
  const [a, b] = [connect(), connect()];
  expect(await a.read(signal)).toBeUndefined();
  expect(await a.keep(AUTHORITY, undefined, signal)).toBe(true);
  expect(await b.read(signal)).toEqual(AUTHORITY);
  expect(server.read(SECRETS, SECRET)).toMatchObject({ type: 'kubernetes.io/tls' });
});

test('of two that keep one at the same time one does', async () => {
  const { connect } = start();
  const [a, b] = [connect(), connect()];
  const other = { ...AUTHORITY, certificate: 'other' };
  const kept = await Promise.all([a.keep(AUTHORITY, undefined, signal), b.keep(other, undefined, signal)]);
  expect(kept.filter(Boolean)).toHaveLength(1);
  expect(await a.read(signal)).toEqual(await b.read(signal));
});

test('what is kept already is not replaced, not even where half of it is missing', async () => {
  const { server, connect } = start();
  const certificates = connect();
  server.apply(SECRETS, { metadata: SECRET, data: { 'tls.crt': Buffer.from('half').toString('base64') } });
  expect(await certificates.keep(AUTHORITY, undefined, signal)).toBe(false);
  expect(await certificates.read(signal)).toEqual({ certificate: 'half', privateKey: '' });
});

test('what is kept is replaced by one who knows it, with what comes next and what was before', async () => {
  const { server, connect } = start();
  const [a, b] = [connect(), connect()];
  await a.keep(AUTHORITY, undefined, signal);
  const prepared = { ...AUTHORITY, next: { certificate: 'next', privateKey: 'next key' } };
  expect(await b.keep(prepared, AUTHORITY, signal)).toBe(true);
  expect(await a.keep({ ...AUTHORITY, previous: 'late' }, AUTHORITY, signal)).toBe(false);
  expect(await a.read(signal)).toEqual(prepared);
  const promoted = { ...prepared.next, previous: AUTHORITY.certificate };
  expect(await a.keep(promoted, prepared, signal)).toBe(true);
  expect(await b.read(signal)).toEqual(promoted);
  expect(Object.keys(server.read(SECRETS, SECRET)?.['data'] ?? {})).toEqual(['tls.crt', 'tls.key', 'previous.crt']);
});

test('what is published is written once, and again when somebody has emptied it', async () => {
  const { server, connect } = start();
  const certificates = connect();
  for (let times = 0; times < 3; times++) await certificates.publish('trust me', signal);
  expect([server.read(CONFIG_MAPS, CONFIG_MAP)?.['data'], server.requests('replace', CONFIG_MAPS)]).toEqual([
    { 'ca.crt': 'trust me' },
    1,
  ]);
  server.apply(CONFIG_MAPS, { metadata: CONFIG_MAP, data: { 'ca.crt': '', note: 'mine' } });
  await certificates.publish('trust me', signal);
  expect(server.read(CONFIG_MAPS, CONFIG_MAP)?.['data']).toEqual({ 'ca.crt': 'trust me', note: 'mine' });
});

test('a Secret that cannot be read is no empty one', async () => {
  const { server, connect } = start();
  server.refuse(SECRETS, 'Forbidden');
  await expect(connect().read(signal)).rejects.toMatchObject({ failure: 'Forbidden' });
  server.allow(SECRETS);
  server.remove(SECRETS, SECRET);
  await expect(connect().read(signal)).rejects.toMatchObject({ failure: 'NotFound' });
});
