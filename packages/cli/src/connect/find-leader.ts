import { ApiError } from '@kube-prefetch/protocol';
import { CliError } from '../print/cli-error.ts';
import { type Kube, type KubeAnswer, KubeRefusal } from './kube.ts';

export interface LeaseName {
  readonly namespace: string;
  readonly name: string;
}

export interface Leader extends LeaseName {
  /** The pod that leads, in the Lease's namespace. */
  readonly pod: string;
}

/** What the chart's release of that name makes. */
export const DEFAULT_LEASE: LeaseName = { namespace: 'kube-prefetch', name: 'kube-prefetch-coordinator' };
const ADDRESS_ANNOTATION = 'kube-prefetch.io/leader-address';

/**
 * The pod that leads, as the Lease says. Where no Lease is named and the usual one is not there, the only other one in the cluster
 * that a coordinator of ours wrote, if the person may list Leases.
 */
export async function findLeader(kube: Kube, named: LeaseName | undefined, signal: AbortSignal): Promise<Leader> {
  const wanted = named ?? DEFAULT_LEASE;
  const lease = await getLease(kube, wanted, signal);
  if (lease !== undefined) return leaderIn(wanted, lease);
  const others = named === undefined ? await listLeases(kube, signal) : [];
  const [only] = others;
  if (only !== undefined && others.length === 1) {
    const name = nameOf(only);
    return leaderIn(name, only);
  }
  const found = others.map(other => describe(nameOf(other)));
  throw new CliError(`there is no Lease ${describe(wanted)}: no coordinator of kube-prefetch is found`, {
    hints:
      found.length > 0
        ? [`Name one with --coordinator: ${found.join(', ')}`]
        : [
            'Name namespace and Lease of the installation with --coordinator NAMESPACE/LEASE: kubectl get leases -A | grep coordinator',
            'Is kube-prefetch installed? helm list -A, kubectl prefetch doctor',
          ],
  });
}

function describe({ namespace, name }: LeaseName): string {
  return `${namespace}/${name}`;
}

async function getLease(kube: Kube, { namespace, name }: LeaseName, signal: AbortSignal) {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases/${encodeURIComponent(name)}`;
  try {
    return await kube.call({ method: 'GET', path }, signal);
  } catch (error) {
    if (error instanceof KubeRefusal && error.status === 404) return undefined;
    if (error instanceof KubeRefusal)
      throw new CliError(`the Lease ${namespace}/${name} cannot be read: ${error.message}`, {
        hints: [
          'You need the rights of the chart\'s viewer in the namespace of the installation (chart value "viewer").',
        ],
        cause: error,
      });
    throw error;
  }
}

async function listLeases(kube: Kube, signal: AbortSignal): Promise<readonly KubeAnswer[]> {
  try {
    const { items = [] } = await kube.call({ method: 'GET', path: '/apis/coordination.k8s.io/v1/leases' }, signal);
    return items.filter(({ metadata }) => {
      const annotations = metadata?.annotations as Record<string, unknown> | undefined;
      return annotations?.[ADDRESS_ANNOTATION] !== undefined;
    });
  } catch (error) {
    if (error instanceof KubeRefusal) return [];
    throw error;
  }
}

function nameOf({ metadata }: KubeAnswer): LeaseName {
  return { namespace: metadata?.namespace ?? '', name: metadata?.name ?? '' };
}

function leaderIn(name: LeaseName, { spec }: KubeAnswer): Leader {
  const pod = spec?.holderIdentity;
  if (typeof pod === 'string' && pod !== '') return { ...name, pod };
  throw new ApiError('NotLeader', `no coordinator leads: nobody holds the Lease ${describe(name)}`, {
    details: [`Look at the coordinator's pods: kubectl get pods -n ${name.namespace}`],
  });
}
