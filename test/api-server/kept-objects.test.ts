import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ApiServer, startApiServer } from '@kube-prefetch/lab/cluster';
import { scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { startCandidates } from './start-candidates.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ask,
  createAgentToken,
  isReady,
  NAMESPACE,
  prepareCluster,
  publishedCa,
  type Replica,
  startReplica,
} from './start-replicas.ts';
import { SOON_MS } from '../patience.ts';

const NOT_AGREED = 'certificate authority not agreed on';
const OTHERS = { lease: 'other', 'ca-secret': 'other', 'ca-config-map': 'other' };

const folder = scratchFolder('kp-kept');
const started: Replica[] = [];
let server: ApiServer;
let token: string;

beforeAll(async () => {
  server = await startApiServer({ folder: folder.path });
  await prepareCluster(server, ['n1']);
  token = await createAgentToken(server, 'n1');
});

afterAll(async () => {
  await Promise.all(started.map(({ child }) => child.stop()));
  await server?.close();
  folder.remove();
});

/** What people do by hand to the objects that running coordinators keep. Each test waits for long, so they wait together. */
describe.concurrent('objects that coordinators keep', () => {
  test('without their Secret and ConfigMap coordinators go on as they are, a new one waits, and empty ones make it whole again', async () => {
    const pair = [await start('a'), await start('b')];
    const before = await publishedCa(server);
    await server.kubectl('delete', 'secret/ca', 'configmap/ca', `--namespace=${NAMESPACE}`);
    await waitUntil(() => pair.every(({ logged }) => logged(NOT_AGREED).length > 0), 'it to be noticed', SOON_MS);
    await waitUntil(() => serving(pair, before), 'them to serve as before', SOON_MS);
    await waitUntil(async () => (await Promise.all(pair.map(isReady))).every(Boolean), 'both to be ready', SOON_MS);

    const starting = start('c');
    const log = () => readFileSync(join(folder.path, 'c.log'), 'utf8');
    await waitUntil(() => log().includes(NOT_AGREED), 'the new one to look', SOON_MS);
    expect(log()).toMatch(/secrets \\"ca\\" not found/);
    expect(log()).not.toContain('certificate issued');

    await server.apply(emptyOnes('ca'));
    const all = [...pair, await starting];
    await waitUntil(
      async () => serving(all, await publishedCa(server)),
      'all to serve by the authority that is published',
      SOON_MS,
    );
    expect((await publishedCa(server)) === before).toBe(false);
  });

  test('a ConfigMap that somebody empties is filled again by a coordinator that runs', async () => {
    const { apply } = server;
    const metadata = { name: 'other', namespace: NAMESPACE };
    await apply([...emptyOnes('other'), { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata }]);
    const replica = await start('d', OTHERS);
    const before = await publishedCa(server, 'other');
    await waitUntil(() => serving([replica], before), 'it to lead', SOON_MS);
    const emptied = await server.kubectl(
      'patch',
      'configmap',
      'other',
      `--namespace=${NAMESPACE}`,
      '--type=merge',
      '--patch={"data":null}',
      '--output=jsonpath={.data}',
    );
    expect(emptied).toBe('');
    await waitUntil(() => publishedCa(server, 'other'), 'it to be published again', SOON_MS);
    expect((await publishedCa(server, 'other')) === before).toBe(true);
  });

  // Lease edits come right after a renewal, when a term has longest to go.
  test('a Lease that is deleted ends the term; nobody leads until it is made again, and then one in a higher term', async () => {
    await using candidates = await startCandidates(server, 'deleted');
    const next = (await candidates.renewal()) + 1;
    await candidates.kubectl('delete', 'lease', 'deleted');
    await waitUntil(() => candidates.leading().length === 0, 'the term to end', SOON_MS);
    await waitUntil(() => candidates.logged.includes('lease not taken'), 'it to be told', SOON_MS);
    expect(candidates.epochs.at(-1)).toBe(next - 1);
    await candidates.create();
    await candidates.term(next);
    expect([candidates.overlaps, candidates.leading().length]).toEqual([[], 1]);
  });

  test('a Lease that is deleted and made again at once is not taken while its holder may still lead', async () => {
    await using candidates = await startCandidates(server, 'made-again');
    const next = (await candidates.renewal()) + 1;
    await candidates.kubectl('delete', 'lease', 'made-again');
    await candidates.create();
    await candidates.term(next);
    expect([candidates.overlaps, candidates.leading().length]).toEqual([[], 1]);
  });

  test.each([
    ['whose holder is taken out', '{"spec":{"holderIdentity":""}}'],
    ['that is emptied', '{"spec":null}'],
    ['that names somebody else', '{"spec":{"holderIdentity":"nobody-we-know"}}'],
  ])('a Lease %s by hand passes on after its length, in a higher term', async (how, patch) => {
    const name = how.replaceAll(' ', '-');
    await using candidates = await startCandidates(server, name);
    const next = (await candidates.renewal()) + 1;
    await candidates.kubectl('patch', 'lease', name, '--type=merge', `--patch=${patch}`);
    await candidates.term(next);
    expect([candidates.overlaps, candidates.leading().length]).toEqual([[], 1]);
  });
});

async function start(name: string, flags: Readonly<Record<string, string>> = {}): Promise<Replica> {
  const replica = await startReplica(server, folder.path, name, flags);
  started.push(replica);
  return replica;
}

/** Whether one of them gives an agent who trusts the authority its plan, and the others name that one. */
async function serving(replicas: readonly Replica[], ca: string): Promise<boolean> {
  const answers = await Promise.all(replicas.map(replica => ask(replica, { token, ca })));
  const led = answers.findIndex(({ status }) => status === 200);
  return answers.every(
    ({ status, body }, index) => index === led || (status === 421 && body.leader === replicas[led]?.agents),
  );
}

/** As the chart renders them. */
function emptyOnes(name: string): readonly object[] {
  const metadata = { name, namespace: NAMESPACE };
  return ['Secret', 'ConfigMap'].map(kind => ({ apiVersion: 'v1', kind, metadata }));
}
