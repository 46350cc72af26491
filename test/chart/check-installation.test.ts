import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { needDebianPackages, runProgram, scratchFolder } from '@kube-prefetch/lab/machine';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { CHART } from './render.ts';

const OPENSSL = { package: 'openssl', program: 'openssl', why: 'make certificates' };
const REPORTING = 'kube_prefetch_coordinator_nodes{agent="reporting"} 3\n';
/** A name that means 127.0.0.1 alone on every machine, which localhost does not; to TLS it is no address. */
const NAME = '127.1';
const GOOD = { ready: 200, agents: 401, metrics: REPORTING, trusted: 'ours', seconds: 30 };

const folder = scratchFolder('kp-check');
const file = (name: string) => join(folder.path, name);

beforeAll(async () => {
  await needDebianPackages([OPENSSL]);
  for (const [name, host] of [
    ['ours', NAME],
    ['elsewhere', 'elsewhere'],
  ])
    await runProgram('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
      ...['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${host}`],
      ...['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)],
    ]);
});
afterAll(() => folder.remove());

test('helm test succeeds where one leads and agents report', async () => {
  expect(await check(GOOD)).toContain('every replica is ready, one leads, and agents report to it');
});

test.each([
  ['a replica is not ready', { ready: 503 }, /127.0.0.1 is not ready/],
  ['nobody leads', { agents: 421 }, /0 replicas lead, not one/],
  ['agents are served without a token', { agents: 200 }, /127.0.0.1 answers 200 to an agent without a token/],
  ['no agent reports', { metrics: REPORTING.replace('3', '0') }, /no agent reports/],
  ['who answers does not prove who it is', { trusted: 'elsewhere' }, /self-signed certificate/],
])('helm test fails where %s', async (_, change, reason) => {
  await expect(check({ ...GOOD, ...change, seconds: 0 })).rejects.toThrow(reason);
});

/** Runs what the pod of `helm test` runs against one coordinator that answers as it is told. */
async function check({ ready, agents, metrics, trusted, seconds }: typeof GOOD): Promise<string> {
  const ops = await listening(
    createHttpServer((request, response) => {
      const isMetrics = request.url === '/metrics';
      response.writeHead(isMetrics ? 200 : ready).end(isMetrics ? metrics : '');
    }),
  );
  const answer: RequestListener = (_request, response) => response.writeHead(agents).end();
  const pair = { key: readFileSync(file('ours.key')), cert: readFileSync(file('ours.crt')) };
  const served = await listening(createHttpsServer(pair, answer));
  const script = readFileSync(`${CHART}/files/check-installation.mjs`, 'utf8');
  return runProgram(process.execPath, ['--input-type=module', '--eval', script], {
    env: {
      SERVICE: NAME,
      AGENTS_PORT: String(served),
      OPS_PORT: String(ops),
      CA_FILE: file(`${trusted}.crt`),
      WITHIN_SECONDS: String(seconds),
    },
  });
}

/** Until the test ends; answers the port. */
async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}
