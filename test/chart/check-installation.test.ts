import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { runProgram, scratchFolder } from '@kube-prefetch/lab/machine';
import { needDebianPackages } from '@kube-prefetch/lab/set-up';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { CHART } from './render.ts';

const REPORTING = 'kube_prefetch_coordinator_nodes{agent="reporting"} 3\n';
/** One coordinator for each address that it has: one on some machines, two on others. */
const NAME = 'localhost';
const GOOD = { ready: 200, agents: 401, metrics: REPORTING, trusted: 'ours', seconds: 120 };

const folder = scratchFolder('kp-check');
const file = (name: string) => join(folder.path, name);

beforeAll(async () => {
  await needDebianPackages(['openssl']);
  for (const [name, host] of [
    ['ours', NAME],
    ['elsewhere', 'elsewhere'],
  ] as const) {
    const what = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=${name}`;
    const files = ['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)];
    await runProgram('openssl', [...what.split(' '), '-addext', `subjectAltName=DNS:${host}`, ...files]);
  }
});
afterAll(() => folder.remove());

test('helm test succeeds where one leads and agents report', async () => {
  expect(await check(GOOD)).toContain('every replica is ready, one leads, and agents report to it');
});

test.each([
  ['a replica is not ready', { ready: 503 }, / is not ready/],
  ['nobody leads', { agents: 421 }, /0 replicas lead, not one/],
  ['agents are served without a token', { agents: 200 }, / answers 200 to an agent without a token/],
  ['no agent reports', { metrics: REPORTING.replace('3', '0') }, /no agent reports/],
  ['who answers does not prove who it is', { trusted: 'elsewhere' }, /self-signed certificate/],
])('helm test fails where %s', async (_, change, reason) => {
  await expect(check({ ...GOOD, ...change, seconds: 0 })).rejects.toThrow(reason);
});

/** Runs what the pod of `helm test` runs against coordinators of which the first answers as it is told. */
async function check({ ready, agents, metrics, trusted, seconds }: typeof GOOD): Promise<string> {
  const ops = await listening(isFirst =>
    createHttpServer((request, response) => {
      const isMetrics = request.url === '/metrics';
      response.writeHead(isMetrics || !isFirst ? 200 : ready).end(isMetrics ? metrics : '');
    }),
  );
  const pair = { key: readFileSync(file('ours.key')), cert: readFileSync(file('ours.crt')) };
  const served = await listening(isFirst =>
    createHttpsServer(pair, (_request, response) => response.writeHead(isFirst ? agents : 421).end()),
  );
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

/** On every address of the name, until the test ends; answers the port. */
async function listening(create: (isFirst: boolean) => Server): Promise<number> {
  let port = 0;
  for (const { address } of await lookup(NAME, { all: true })) {
    const server = create(port === 0);
    server.listen(port, address);
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    port = (server.address() as AddressInfo).port;
  }
  return port;
}
