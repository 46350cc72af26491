import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { ApiError } from '@kube-prefetch/protocol';
import { agentsApp, listen } from '@kube-prefetch/coordinator';
import { createMemoryHarness } from '@kube-prefetch/coordinator/testing';
import { aNode, aResource, aState } from '@kube-prefetch/core/testing';
import { waitUntil } from '@kube-prefetch/lab/machine';
import { type Log, silentLog } from '@kube-prefetch/process';
import { seededRandom, systemClock as clock } from '@kube-prefetch/time';
import { expect, onTestFinished, test } from 'vitest';
import { hostileRequest } from '../endurance/hostile-requests.ts';
import { QUIET_MS, sendBytes } from '../endurance/send-bytes.ts';
import { SOON_MS } from '../patience.ts';
import { anAuthority, serverCertificate } from './certificates-and-tokens.ts';

const REQUESTS = Number(process.env.TLS_FUZZ_REQUESTS ?? 600);
const SEED = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const AT_ONCE = 8;
const GOOD = 'Bearer good';

test(
  `${REQUESTS} hostile requests of strangers and of an agent end at the TLS listener in an answer below 500 or a closed connection, and no stranger is served (FUZZ_SEED=${SEED})`,
  async () => {
    const random = seededRandom(SEED);
    const { coordinator, set, close } = createMemoryHarness();
    await set(aState({ resources: [aResource({ spec: { images: ['a:1', 'b:1'] } })], nodes: [aNode({ name: 'n1' })] }));
    const errors: unknown[] = [];
    const log = { ...silentLog, error: (fields: unknown) => void errors.push(fields) } as Log;
    const identity = {
      async identify(token: string) {
        if (token !== 'good') throw new ApiError('Unauthenticated', 'not a good token');
        return { node: 'n1', pod: { name: 'agent', uid: 'uid-1' } };
      },
    };
    const certificate = await serverCertificate(await anAuthority());
    const app = agentsApp(coordinator, { clock, log, metrics: coordinator.metrics, certificate, identity });
    const at = { host: '127.0.0.1', port: 0 };
    const listening = await listen(app, { listener: 'agents', at, clock, log: silentLog });
    onTestFinished(async () => {
      await listening.close();
      await close();
    });
    const port = Number(new URL(listening.address).port);
    let connections = 0;
    /** From many addresses: one alone may not shake hands as often. */
    const open = () => {
      connections += 1;
      return connect({ host: '127.0.0.1', port, localAddress: `127.0.2.${1 + (connections % 250)}` });
    };
    const openTls = () => connectTls({ socket: open(), rejectUnauthorized: false });
    const knocks = {
      stranger: () => sendBytes(openTls(), hostileRequest(random)),
      agent: () => sendBytes(openTls(), hostileRequest(random, GOOD)),
      'no TLS': () => sendBytes(open(), hostileRequest(random)),
      noise: () => sendBytes(open(), randomBytes(1 + Math.floor(random() * 2_000))),
      'noise that begins as a handshake': () =>
        sendBytes(open(), Buffer.concat([Buffer.from('160301', 'hex'), randomBytes(600)])),
    };
    const statuses = new Map<string, number>();
    let sent = 0;
    const names = Object.keys(knocks) as (keyof typeof knocks)[];
    const knock = async () => {
      while (sent < REQUESTS) {
        const who = names[sent++ % names.length] as keyof typeof knocks;
        const what = `${who}: ${await knocks[who]()}`;
        statuses.set(what, (statuses.get(what) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, knock));
    console.log(
      `answers, FUZZ_SEED=${SEED}:`,
      Object.fromEntries([...statuses].sort(([a], [b]) => a.localeCompare(b))),
    );
    expect(errors).toEqual([]);
    const seen = [...statuses.keys()];
    expect(seen.filter(what => !/: ([34]\d\d|200|503|closed|quiet)$/.test(what))).toEqual([]);
    // Whoever has no token gets no plan, and without a handshake there is no HTTP at all.
    expect(seen.filter(what => /^stranger: [23]|^no.*: \d/.test(what))).toEqual([]);
    expect(seen).toEqual(expect.arrayContaining(['stranger: 401', 'agent: 200', 'agent: 400']));
    // One that a busy machine answers late is quiet.
    await waitUntil(
      async () => (await sendBytes(openTls(), planRequest())) === '200',
      'the plan of the agent',
      SOON_MS,
    );
  },
  SOON_MS + REQUESTS * QUIET_MS,
);

function planRequest(): Buffer {
  return Buffer.from(`GET /v1/nodes/n1/plan HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${GOOD}\r\n\r\n`);
}
