import { X509Certificate } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeAuthority, redateAuthority } from '@kube-prefetch/coordinator/testing';
import { type ApiServer, startApiServer } from '@kube-prefetch/lab/cluster';
import { type Child, type ScratchFolder, scratchFolder, startChild, waitUntil } from '@kube-prefetch/lab/machine';
import type { Overview } from '@kube-prefetch/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectFiles } from '../http/certificates-and-tokens.ts';
import { linesOf } from '../programs/start-programs.ts';
import {
  createAgentToken,
  NAMESPACE,
  prepareCluster,
  publishedCa,
  type Replica,
  startReplica,
} from './start-replicas.ts';

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
const FLAGS = { service: 'localhost', 'authority-look': '2s' };
/** Only what hangs takes so long. */
const LOOKS_MS = 150_000;
const AGENT = fileURLToPath(new URL('../../packages/agent/src/main.ts', import.meta.url));
const SHIFT_CLOCK = new URL('shift-clock.mjs', import.meta.url).href;

let scratch: ScratchFolder;
let server: ApiServer;
beforeAll(async () => {
  scratch = scratchFolder('authority');
  server = await startApiServer({ folder: `${scratch.path}/api-server` });
  await prepareCluster(server, ['n1']);
});
afterAll(async () => {
  await server?.close();
  scratch?.remove();
});

interface Pair {
  readonly certificate: string;
  readonly privateKey: string;
}

const aged = (fromMs: number, untilMs: number) =>
  makeAuthority({ fromMs: Date.now() + fromMs, untilMs: Date.now() + untilMs });
/** The same authority with other dates, as time would have made it. */
const redated = (pair: Pair, fromMs: number, untilMs: number) =>
  redateAuthority(pair, { fromMs: Date.now() + fromMs, untilMs: Date.now() + untilMs });

async function keep(data: Record<string, string | null>): Promise<void> {
  const encoded = Object.entries(data).map(([key, text]) => [
    key,
    text === null ? null : Buffer.from(text).toString('base64'),
  ]);
  const patch = JSON.stringify({ data: Object.fromEntries(encoded) });
  await server.kubectl('patch', 'secret', 'ca', `--namespace=${NAMESPACE}`, '--type=merge', `--patch=${patch}`);
}

async function kept(name: string): Promise<string> {
  const text = await server.kubectl('get', 'secret', 'ca', `--namespace=${NAMESPACE}`, '--output=json');
  return Buffer.from((JSON.parse(text) as { data: Record<string, string> }).data[name] ?? '', 'base64').toString();
}

const certificatesIn = (pem: string) =>
  (pem.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []).map(each => new X509Certificate(each));
/** The key of each: certificates are dated anew here. */
const keysIn = (pem: string) => certificatesIn(pem).map(({ publicKey }) => publicKey.export({ format: 'jwk' })['x']);
const keyOf = ({ certificate }: Pair) => keysIn(certificate)[0];

async function metricsOf({ ops }: Replica) {
  const text = await (await fetch(`${ops}/metrics`)).text();
  const valueOf = (name: string) =>
    Number(new RegExp(`^kube_prefetch_coordinator_${name} (\\S+)$`, 'm').exec(text)?.[1]);
  const endOf = (of: string) => valueOf(`certificate_end_timestamp_seconds\\{certificate="${of}"\\}`) * 1_000;
  return { authority: endOf('authority'), serving: endOf('serving'), problem: valueOf('authority_problem') };
}

async function readinessOf({ ops }: Replica) {
  const answer = await fetch(`${ops}/readyz`);
  return { ready: answer.ok, authority: ((await answer.json()) as { authority?: string }).authority };
}

async function startAgent({ agents }: Replica, files: { caFile: string; tokenFile: string }): Promise<Child> {
  const flags = {
    coordinator: `https://localhost:${agents.split(':')[1]}`,
    'ca-file': files.caFile,
    'token-file': files.tokenFile,
    node: 'n1',
    'runtime-socket': join(scratch.path, 'no-runtime.sock'),
    'state-dir': join(scratch.path, 'state'),
    'ops-listen': '127.0.0.1:0',
  };
  const args = [AGENT, ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value])];
  return startChild({ name: 'agent', command: process.execPath, args, logFile: join(scratch.path, 'agent.log') });
}

test('an authority that is seven years old is renewed step by step while a real agent follows late and is served all the time', async () => {
  const first = await aged(-7 * YEAR_MS, 3 * YEAR_MS);
  await keep({ 'tls.crt': first.certificate, 'tls.key': first.privateKey });
  const replica = await startReplica(server, scratch.path, 'coordinator-a', FLAGS);
  const token = await createAgentToken(server, 'n1');
  const folder = join(scratch.path, 'agent-files');
  mkdirSync(folder);
  const files = projectFiles(folder, { ca: await publishedCa(server), token });
  let agent = await startAgent(replica, files);
  try {
    const reportAgeMs = async () => {
      const { nodes } = (await (await fetch(`${replica.admin}/v1/overview`)).json()) as Overview;
      return nodes[0]?.reportAgeMs ?? Infinity;
    };
    /** The agent that runs goes on reporting over its connection, and one that starts with the same files makes a new one. */
    const isServed = async () => {
      for (const starts of [false, true]) {
        if (starts) {
          await agent.stop();
          agent = await startAgent(replica, files);
        }
        const sinceMs = performance.now();
        const isNew = async () => (await reportAgeMs()) < performance.now() - sinceMs;
        await waitUntil(isNew, 'the agent to report', LOOKS_MS, { child: agent });
      }
      return true;
    };
    const published = async (...keys: readonly unknown[]) =>
      waitUntil(
        async () => JSON.stringify(keysIn(await publishedCa(server))) === JSON.stringify(keys),
        `${keys.length} certificates to be published`,
        LOOKS_MS,
        { child: replica.child },
      );
    const now = async () => ({ ...(await metricsOf(replica)), served: await isServed() });

    // It is in its last third: the next one is made, and both are trusted.
    const next = await waitUntil(
      async () => {
        const pair = { certificate: await kept('next.crt'), privateKey: await kept('next.key') };
        return pair.privateKey !== '' && pair;
      },
      'the next authority',
      LOOKS_MS,
    );
    await published(keyOf(first), keyOf(next));
    expect(await now()).toMatchObject({
      authority: certificatesIn(first.certificate)[0]?.validToDate.getTime(),
      problem: 0,
      served: true,
    });

    // The kubelet brings both to the agent, which reads no later list before the first one has ended.
    // A week passes: the dates of the next one say so.
    files.replace({ ca: await publishedCa(server) });
    const older = await redated(next, -8 * DAY_MS, 10 * YEAR_MS);
    await keep({ 'next.crt': older.certificate });
    await published(keyOf(next), keyOf(first));
    await waitUntil(
      async () => replica.logged('certificate issued').length === 2,
      'a certificate of the next one',
      LOOKS_MS,
    );
    expect(await now()).toMatchObject({
      authority: certificatesIn(older.certificate)[0]?.validToDate.getTime(),
      problem: 0,
      served: true,
    });

    // Three years pass: the first one has ended, and is forgotten.
    const over = await redated(first, -10 * YEAR_MS, -DAY_MS);
    await keep({ 'previous.crt': over.certificate });
    await published(keyOf(next));
    files.replace({ ca: await publishedCa(server) });
    expect(await now()).toMatchObject({ problem: 0, served: true });
    const complaints = linesOf(join(scratch.path, 'agent.log')).filter(({ msg }) =>
      /coordinator|certificate/.test(String(msg)),
    );
    expect(complaints.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);

    // It ends itself, where nobody could renew it: the replica says so, and goes on with what it knows while that is good.
    const ended = await redated(next, -10 * YEAR_MS, -DAY_MS);
    await keep({ 'tls.crt': ended.certificate });
    await waitUntil(
      async () => (await readinessOf(replica)).authority?.includes('it ended') === true,
      'the end to be told',
      LOOKS_MS,
    );
    expect([(await readinessOf(replica)).ready, (await metricsOf(replica)).problem]).toEqual([true, 1]);
  } finally {
    await agent.kill();
    await replica.child.stop();
  }
});

test('a replica whose clock goes years ahead renews the authority in time, and is not Ready once it could not', async () => {
  await keep({ 'tls.crt': '', 'tls.key': '', 'next.crt': null, 'next.key': null, 'previous.crt': null });
  const file = join(scratch.path, 'ahead');
  const goTo = (ms: number) => writeFileSync(file, String(ms));
  goTo(0);
  const under = ['env', `CLOCK_AHEAD_FILE=${file}`, `NODE_OPTIONS=--import=${SHIFT_CLOCK}`];
  const replica = await startReplica(server, scratch.path, 'coordinator-b', FLAGS, under);
  try {
    const [first] = keysIn(await publishedCa(server));
    /** Lets time pass; the authorities that agents are given then, by key. */
    const pass = async (ms: number, isDone: (keys: readonly unknown[]) => boolean) => {
      goTo(ms);
      return waitUntil(
        async () => {
          const keys = keysIn(await publishedCa(server));
          const { serving, problem } = await metricsOf(replica);
          return (
            isDone(keys) && problem === 0 && serving > Date.now() + ms && (await readinessOf(replica)).ready && keys
          );
        },
        `what follows ${ms / YEAR_MS} years later`,
        LOOKS_MS,
        { child: replica.child },
      );
    };
    const prepared = await pass(7 * YEAR_MS, keys => keys.length === 2);
    expect(prepared[0]).toBe(first);
    const [, second] = prepared;
    await pass(7 * YEAR_MS + 8 * DAY_MS, keys => keys[0] === second && keys[1] === first);
    const { authority } = await metricsOf(replica);
    expect(authority).toBeGreaterThan(Date.now() + 16.9 * YEAR_MS);
    await pass(10 * YEAR_MS + DAY_MS, keys => keys.length === 1 && keys[0] === second);

    // The Secret is spoilt, and nobody puts it right until all that the replica knows has ended.
    await keep({ 'tls.key': 'spoilt' });
    goTo(18 * YEAR_MS);
    await waitUntil(
      async () => {
        const { ready, authority } = await readinessOf(replica);
        return !ready && authority?.includes('its private key cannot be read') === true;
      },
      'the replica to be not Ready, and to say why',
      LOOKS_MS,
      { child: replica.child },
    );
    expect(await metricsOf(replica)).toMatchObject({ problem: 1, authority });
  } finally {
    await replica.child.stop();
  }
});
