import { setTimeout as sleep } from 'node:timers/promises';
import { startApiServer } from '@kube-prefetch/lab/cluster';
import { scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { createRawClient, type RawClient } from '../api-server/raw-client.ts';
import { nodeObject, podSpec } from './objects.ts';

/** Refused: the pod waits, because no node fits. */
export type Outcome = 'bound' | 'refused';

/** A node, and the spec of a pod that can land nowhere else; the pod is called like the node. */
export interface Trial {
  readonly name: string;
  readonly node: object;
  readonly podSpec: object;
}

/** kube-scheduler on an API server without kubelets: nodes are what we say, and pods stay where they are bound. */
export interface RealScheduler {
  /** Creates the nodes, then the pods, and answers what became of each pod, by name. */
  place(trials: readonly Trial[]): Promise<ReadonlyMap<string, Outcome>>;
  changeNode(name: string, node: object): Promise<void>;
  /** Any other object, in the list at the path. */
  create(path: string, object: object): Promise<void>;
  untilBound(name: string): Promise<void>;
  close(): Promise<void>;
}

interface Pod {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly reason?: string }[] };
}

const PODS = '/api/v1/namespaces/default/pods';
const NODES = '/api/v1/nodes';
const SERVICE_ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts';
/** This admission marks new nodes as not ready, for a controller to take back that does not run here. */
const WITHOUT_TAINTS = '--disable-admission-plugins=TaintNodesByCondition';
/** A list of a thousand pods is work. */
const LOOK_EVERY_MS = 500;
/** Only what never comes takes so long. */
const DECIDED_MS = 400_000;

export async function startRealScheduler(): Promise<RealScheduler> {
  const folder = scratchFolder('kp-scheduler');
  const server = await startApiServer({ folder: folder.path, schedulerToo: true, flags: [WITHOUT_TAINTS] });
  const client = createRawClient(server.kubeconfig);
  await must(client, 'POST', SERVICE_ACCOUNTS, { metadata: { name: 'default' } });
  let probes = 0;

  const createNode = ({ node }: Trial) => must(client, 'POST', NODES, node);
  const createPod = ({ name, podSpec: spec }: Trial) => must(client, 'POST', PODS, { metadata: { name }, spec });
  const untilOutcome = (names: readonly string[], met: (outcomes: readonly (Outcome | undefined)[]) => boolean) =>
    waitUntil(
      async () => {
        await sleep(LOOK_EVERY_MS);
        const all = await outcomes(client);
        return met(names.map(name => all.get(name))) && all;
      },
      `the scheduler to decide about ${names.length === 1 ? names[0] : `${names.length} pods`}`,
      DECIDED_MS,
    );
  const untilBound = async (name: string) => {
    await untilOutcome([name], ([outcome]) => outcome === 'bound');
  };

  return {
    async place(trials) {
      await Promise.all(trials.map(createNode));
      // Nodes reach the scheduler in order: once this one is used, it knows the others.
      const name = `probe-${probes++}`;
      const probe = { name, node: nodeObject(name, {}), podSpec: podSpec(name, {}) };
      await createNode(probe);
      await createPod(probe);
      await untilBound(name);
      await Promise.all(trials.map(createPod));
      const names = trials.map(trial => trial.name);
      return untilOutcome(names, decided => decided.every(outcome => outcome !== undefined));
    },
    create: (path, object) => must(client, 'POST', path, object),
    changeNode: (name, node) => must(client, 'PUT', `${NODES}/${name}`, node),
    untilBound,
    async close() {
      client.close();
      await server.close();
      folder.remove();
    },
  };
}

async function outcomes(client: RawClient): Promise<ReadonlyMap<string, Outcome>> {
  const { body } = await client.send<{ items: readonly Pod[] }>('GET', PODS);
  return new Map(body.items.flatMap(pod => outcomeOf(pod).map(outcome => [pod.metadata.name, outcome] as const)));
}

function outcomeOf({ spec, status }: Pod): Outcome[] {
  if (spec.nodeName) return ['bound'];
  return status.conditions?.some(isRefusal) ? ['refused'] : [];
}

function isRefusal({ type, reason }: { type: string; reason?: string }): boolean {
  return type === 'PodScheduled' && reason === 'Unschedulable';
}

async function must(client: RawClient, method: string, path: string, body: object): Promise<void> {
  const answer = await client.send<{ message?: string }>(method, path, body);
  if (answer.status >= 300)
    throw new Error(`${method} ${path}: ${answer.body.message}; it was sent ${JSON.stringify(body)}`);
}
