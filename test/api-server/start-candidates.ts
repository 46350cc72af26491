import { createLeaseLeadership, type Term } from '@kube-prefetch/cluster';
import { createClientNodeApi } from '@kube-prefetch/cluster/client-node';
import { LEASES } from '@kube-prefetch/cluster/testing';
import type { ApiServer } from '@kube-prefetch/lab/cluster';
import { waitUntil } from '@kube-prefetch/lab/machine';
import { systemClock as clock, systemRandom as random } from '@kube-prefetch/time';
import { SOON_MS } from '../patience.ts';

const NAMESPACE = 'default';
const { signal } = new AbortController();

/** Two candidates for a Lease of that name, each with connections of its own, of which one leads. Neither is a whole coordinator. */
export async function startCandidates(server: ApiServer, name: string) {
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
  const latest = () => epochs.at(-1) ?? 0;
  /** That one or a later one. */
  const term = (epoch: number) =>
    waitUntil(() => latest() >= epoch && leading.size === 1, `${name}: term ${epoch}`, SOON_MS);
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
    /** Resolves right after the next one, with the term's epoch. */
    async renewal() {
      const before = await renewTime();
      await waitUntil(async () => (await renewTime()) !== before, 'a renewal', SOON_MS);
      return latest();
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('the test is over'));
      await Promise.all(candidates.map(({ ended }) => ended));
      await Promise.all(candidates.map(each => each.api.close()));
    },
  };
}
