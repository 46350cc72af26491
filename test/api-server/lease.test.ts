import { createLeaseLeadership, type Term } from '@kube-prefetch/cluster';
import { createClientNodeApi } from '@kube-prefetch/cluster/client-node';
import { LEASES } from '@kube-prefetch/cluster/testing';
import { type ApiServer, startApiServer } from '@kube-prefetch/lab/cluster';
import { scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { systemClock as clock, systemRandom as random } from '@kube-prefetch/time';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** Programs that are not built yet included. */
const START_MS = 20 * 60_000;
/** Much longer than anything takes that leadership waits for. */
const PATIENCE_MS = 60_000;
const NAMESPACE = 'default';
const { signal } = new AbortController();

const folder = scratchFolder('kp-lease');
let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer({ folder: folder.path });
}, START_MS);

afterAll(async () => {
  await server?.close();
  folder.remove();
});

/** What people do to a Lease while two candidates live on it: each does it right after a renewal, when a term has longest to go. */
describe.concurrent('two candidates, each with connections of its own', () => {
  test('a Lease that is deleted ends the term; nobody leads until it is made again, and then one in a higher term', async () => {
    await using ground = await startCandidates('deleted');
    await ground.renewal();
    await ground.kubectl('delete', 'lease', 'deleted');
    await waitUntil(() => ground.leading().length === 0, 'the term to end', PATIENCE_MS);
    await waitUntil(() => ground.logged.includes('lease not taken'), 'it to be told', PATIENCE_MS);
    expect(ground.epochs).toEqual([1]);
    await ground.create();
    await ground.term(2);
    expect([ground.overlaps, ground.leading().length]).toEqual([[], 1]);
  });

  test('a Lease that is deleted and made again at once is not taken while its holder may still lead', async () => {
    await using ground = await startCandidates('made-again');
    await ground.renewal();
    await ground.kubectl('delete', 'lease', 'made-again');
    await ground.create();
    await ground.term(2);
    expect([ground.overlaps, ground.leading().length]).toEqual([[], 1]);
  });

  test.each([
    ['whose holder is taken out', '{"spec":{"holderIdentity":""}}'],
    ['that is emptied', '{"spec":null}'],
    ['that names somebody else', '{"spec":{"holderIdentity":"nobody-we-know"}}'],
  ])('a Lease %s by hand passes on after its length, in a higher term', async (how, patch) => {
    const name = how.replaceAll(' ', '-');
    await using ground = await startCandidates(name);
    await ground.renewal();
    await ground.kubectl('patch', 'lease', name, '--type=merge', `--patch=${patch}`);
    await ground.term(2);
    expect([ground.overlaps, ground.leading().length]).toEqual([[], 1]);
  });
});

/** Two of them, of which one leads. */
async function startCandidates(name: string) {
  const lease = { namespace: NAMESPACE, name };
  const kubectl = (...args: readonly string[]) => server.kubectl(...args, `--namespace=${NAMESPACE}`);
  const create = () => server.apply({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: lease });
  await create();
  const stop = new AbortController();
  const logged: string[] = [];
  const note = (_: object, message: string) => void logged.push(message);
  const epochs: number[] = [];
  const overlaps: string[] = [];
  const leading = new Map<string, Term>();

  const candidate = (identity: string) => {
    const api = createClientNodeApi({ kubeconfig: server.kubeconfig, clock });
    const log = { debug: () => {}, warn: note };
    const leadership = createLeaseLeadership({ api, clock, random, log, lease, identity, address: `${identity}:7070` });
    const run = async () => {
      for await (const term of leadership.terms(stop.signal)) {
        epochs.push(term.epoch);
        leading.set(identity, term);
        if (leading.size > 1) overlaps.push([...leading.keys()].join(' and '));
        await new Promise(resolve => term.signal.addEventListener('abort', resolve, { once: true }));
        leading.delete(identity);
      }
    };
    return { api, ended: run() };
  };
  const candidates = [candidate('a'), candidate('b')] as const;
  const [{ api }] = candidates;
  const term = (epoch: number) =>
    waitUntil(() => epochs.at(-1) === epoch && leading.size === 1, `${name}: term ${epoch}`, PATIENCE_MS);
  const renewTime = async () => ((await api.get(LEASES, lease, signal)).spec as { renewTime: string }).renewTime;
  await term(1);

  return {
    kubectl,
    create,
    term,
    logged,
    epochs,
    overlaps,
    leading: () => [...leading.keys()],
    /** Resolves right after the next one. */
    async renewal() {
      const before = await renewTime();
      await waitUntil(async () => (await renewTime()) !== before, 'a renewal', PATIENCE_MS);
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('the test is over'));
      await Promise.all(candidates.map(({ ended }) => ended));
      await Promise.all(candidates.map(each => each.api.close()));
    },
  };
}
