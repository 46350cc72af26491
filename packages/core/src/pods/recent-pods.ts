import {
  keepForMs,
  MAX_RECENT_POD_LENGTH,
  MAX_RECENT_PODS,
  type RecentPod,
  resourceName,
} from '@kube-prefetch/protocol';
import { memoise } from '../memoise.ts';
import { findWorkloads } from '../workloads/find-workloads.ts';
import { kindsKnown } from '../workloads/kind-names.ts';
import { podImages } from '../workloads/pod-images.ts';
import { EXCLUDE_ANNOTATION } from '../workloads/workload-annotations.ts';
import type { ClusterState, KeptPod, PodImage, PodSpec, Resource, Workload } from '../state/cluster-state.ts';
import { compileOwners } from './owners.ts';
import { choosesPods } from './pods-wanted.ts';

/** By `resourceName`: those whose images it wants, those that are there and the latest first. */
export type RecentPods = ReadonlyMap<string, readonly KeptPod[]>;

/** Of one resource, pods that differ in images or nodes. */
const MAX_KEPT = 1_000;

/**
 * Pods that no workload owns, for each resource that names the kind Pod: those that are there, and those that are gone for no
 * longer than its `keepFor`, the longest of its entries. `before`: what this returned last; without, what the resource's status
 * says counts. `ago`: the moment so many milliseconds ago, RFC 3339.
 */
export function noteRecentPods(state: ClusterState, before: RecentPods, ago: (ms: number) => string): RecentPods {
  const { pods, namespaces } = state;
  const naming = state.resources.filter(
    ({ problems, spec }) => problems.length === 0 && spec.workloads.some(choosesPods),
  );
  if (pods === undefined || naming.length === 0) return NONE;
  const ownersOf = compileOwners(state.workloads);
  const loose = pods.all.filter(pod => !isStatic(pod) && ownersOf(pod.namespace, pod.owner).length === 0);
  return new Map(
    naming.map(resource => {
      const name = resourceName(resource.ref);
      const choices = resource.spec.workloads.filter(choosesPods);
      const known = before.get(name) ?? resource.recentPods ?? [];
      const spec = { ...resource.spec, workloads: choices.map(choice => ({ ...choice, kinds: ['Pod'] })) };
      const { workloads, unclear } = findWorkloads({ ...resource, spec }, loose, namespaces, kindsKnown(state));
      const found = workloads.filter(pod => !unclear.has(pod));
      const oldest = ago(Math.max(...choices.map(({ keepFor }) => keepForMs(keepFor))));
      return [name, keep(known, pods.read ? found : undefined, ago(0), oldest)];
    }),
  );
}

const NONE: RecentPods = new Map();

/** The kubelet makes them of a file of its node, and they run there alone. */
function isStatic({ owner }: Workload): boolean {
  return owner?.group === '' && owner.kind === 'Node';
}

/** While pods have not been read, nobody is known to be gone. */
function keep(
  known: readonly KeptPod[],
  found: readonly Workload[] | undefined,
  now: string,
  oldest: string,
): readonly KeptPod[] {
  const kept = new Map<string, KeptPod>(
    known.map(pod => {
      const gone = pod.lastUsed === undefined ? found !== undefined : pod.lastUsed > now;
      return [keyOf(pod), gone ? { ...pod, lastUsed: now } : pod];
    }),
  );
  const seen = new Set<string>();
  for (const { namespace, annotations, pod, endedAt } of found ?? []) {
    const { exclude } = annotations ?? {};
    const next: KeptPod = {
      namespace,
      ...(endedAt !== undefined && { lastUsed: endedAt }),
      ...(exclude && { annotations: { exclude, problems: [] } }),
      pod,
    };
    const key = keyOf(next);
    const other = kept.get(key);
    const latest = other === undefined || (!seen.has(key) && endedAt === undefined) ? next : later(other, next);
    kept.set(key, latest);
    seen.add(key);
  }
  const same = new Map(known.map(pod => [keyOf(pod), pod]));
  return [...kept]
    .filter(([, { lastUsed }]) => lastUsed === undefined || lastUsed >= oldest)
    .map(([key, pod]) => ({ key, pod, rank: `${pod.lastUsed ?? '~'} ${key}` }))
    .sort((a, b) => (a.rank > b.rank ? -1 : 1))
    .slice(0, MAX_KEPT)
    .map(({ key, pod }) => (same.get(key)?.lastUsed === pod.lastUsed ? (same.get(key) ?? pod) : pod));
}

/** One that is there, or else the one that was gone later. */
function later(a: KeptPod, b: KeptPod): KeptPod {
  if (a.lastUsed === undefined || b.lastUsed === undefined) return a.lastUsed === undefined ? a : b;
  return a.lastUsed >= b.lastUsed ? a : b;
}

const textOf = memoise((pod: PodSpec) => JSON.stringify(pod));

function keyOf({ namespace, annotations, pod }: KeptPod): string {
  const exclude = annotations?.exclude === undefined ? '' : JSON.stringify(annotations.exclude);
  return `${namespace} ${exclude} ${textOf(pod)}`;
}

/** As a workload that asks for its images. */
export function keptWorkload({ namespace, annotations, pod, lastUsed }: KeptPod): Workload {
  return {
    group: '',
    kind: 'Pod',
    namespace,
    name: '',
    labels: {},
    finished: lastUsed !== undefined,
    ...(annotations && { annotations }),
    pod,
  };
}

/** What a status says of them; undefined where there is nothing to say, and nothing to take back. */
export function describeRecentPods(resource: Resource, kept: readonly KeptPod[]): readonly RecentPod[] | undefined {
  if (kept.length === 0 && (resource.recentPods ?? []).length === 0) return undefined;
  return kept
    .map(({ namespace, annotations, pod, lastUsed }) => ({
      namespace,
      images: [...new Set(podImages(pod).map(({ image }) => image))],
      ...(lastUsed !== undefined && { lastUsed }),
      pod: JSON.stringify(toTemplate(pod, annotations)),
    }))
    .filter(({ pod }) => pod.length <= MAX_RECENT_POD_LENGTH)
    .slice(0, MAX_RECENT_PODS);
}

/** As a pod template of Kubernetes, so that whoever reads it reads one. */
function toTemplate(pod: PodSpec, annotations: KeptPod['annotations']): object {
  const { exclude } = annotations ?? {};
  const { nodeSelector, nodeAffinity, tolerations, os, serviceAccountName, imagePullSecrets, extendedResources } = pod;
  const container = ({ image, name, pullPolicy }: PodImage) => ({ name, image, imagePullPolicy: pullPolicy });
  const requests = Object.entries(extendedResources).map(([name, amount]) => [name, String(amount)]);
  return {
    ...(exclude && {
      metadata: { annotations: { [EXCLUDE_ANNOTATION]: exclude === 'all' ? 'true' : exclude.join(',') } },
    }),
    spec: {
      containers: pod.containers.map((each, index) => ({
        ...container(each),
        ...(index === 0 && requests.length > 0 && { resources: { requests: Object.fromEntries(requests) } }),
      })),
      ...(pod.initContainers.length > 0 && { initContainers: pod.initContainers.map(container) }),
      ...(pod.imageVolumes.length > 0 && {
        volumes: pod.imageVolumes.map(({ image, name, pullPolicy }) => ({
          name,
          image: { reference: image, pullPolicy },
        })),
      }),
      nodeSelector,
      ...(nodeAffinity && {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: nodeAffinity.terms },
          },
        },
      }),
      ...(tolerations.length > 0 && { tolerations }),
      ...(os !== undefined && { os: { name: os } }),
      serviceAccountName,
      imagePullSecrets: imagePullSecrets?.map(name => ({ name })),
    },
  };
}
