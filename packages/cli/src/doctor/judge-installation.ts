import type { Overview } from '@kube-prefetch/protocol';
import type { KubeAnswer } from '../connect/kube.ts';
import { countNoun, durationText, someOf } from '../print/quantities.ts';
import { componentOf, type Finding } from './finding.ts';
import { judgeNetwork } from './judge-network.ts';
import { judgeRuntimes } from './judge-runtimes.ts';

/** What was read of an installation. Undefined: it could not be read, and is not judged. */
export interface Installation {
  readonly namespace: string;
  /** `v1.37.2`. */
  readonly kubernetes: string;
  /** Kinds that the API server serves of our group. */
  readonly kinds: readonly string[];
  readonly rights: readonly { readonly what: string; readonly allowed: boolean }[];
  readonly lease: { readonly holder: string | undefined; readonly renewedAgoMs: number | undefined } | undefined;
  readonly pods: readonly KubeAnswer[] | undefined;
  readonly namespaceLabels: Readonly<Record<string, unknown>> | undefined;
  /** NetworkPolicies of the namespace. */
  readonly policies: readonly KubeAnswer[] | undefined;
  readonly overview: Overview | undefined;
  /** Why there is none. */
  readonly overviewProblem: string | undefined;
}

const OLDEST_MINOR = 30;
/** The holder renews every five seconds, and others may take over after fifteen. */
const STALE_LEASE_MS = 20_000;
const MAX_SKEW_MS = 30_000;

/** Every reason known to us why an installation does not work, in the order in which one causes the next. */
export function judgeInstallation(found: Installation): readonly Finding[] {
  if (isAbsent(found)) return [judgeKubernetes(found), absent(found)];
  return [
    judgeKubernetes(found),
    judgeKinds(found),
    judgeRights(found),
    judgeClock(found),
    judgePodSecurity(found),
    ...judgeCoordinators(found),
    judgeLease(found),
    judgeOverview(found),
    ...judgeAgents(found),
    ...judgeNetwork({ ...found, reporting: found.overview !== undefined && silentNodes(found.overview).length === 0 }),
    ...judgeRuntimes(found.overview),
    judgeVersions(found),
  ];
}

function isAbsent({ kinds, lease, pods }: Installation): boolean {
  return kinds.length === 0 && lease === undefined && pods?.length === 0;
}

function absent({ namespace }: Installation): Finding {
  return {
    check: 'Installation',
    verdict: 'broken',
    says: `there is no kube-prefetch in namespace ${namespace}`,
    remedy: 'install it, or name where it is with --coordinator NAMESPACE/LEASE',
    page: 'install.md',
  };
}

function judgeKubernetes({ kubernetes }: Installation): Finding {
  const [, minor = ''] = /^v1\.(\d+)/.exec(kubernetes) ?? [];
  const check = 'Kubernetes';
  if (Number(minor) >= OLDEST_MINOR) return { check, verdict: 'ok', says: kubernetes };
  return {
    check,
    verdict: 'broken',
    says: `${kubernetes} is older than 1.${OLDEST_MINOR}`,
    remedy: 'upgrade the cluster',
    page: 'install.md',
  };
}

function judgeKinds({ kinds }: Installation): Finding {
  const check = 'Definitions';
  const missing = ['Prefetch', 'ClusterPrefetch'].filter(kind => !kinds.includes(kind));
  if (missing.length === 0) return { check, verdict: 'ok', says: 'Prefetch and ClusterPrefetch are served' };
  return {
    check,
    verdict: 'broken',
    says: `the API server does not know ${missing.join(' and ')}`,
    remedy: 'kubectl apply --server-side -f charts/kube-prefetch/files/crds, or helm upgrade with crds.install=true',
    page: 'install.md',
  };
}

function judgeRights({ rights, namespace }: Installation): Finding {
  const check = 'Your rights';
  const missing = rights.filter(({ allowed }) => !allowed).map(({ what }) => what);
  if (missing.length === 0) return { check, verdict: 'ok', says: 'you have those of the viewer' };
  return {
    check,
    verdict: 'broken',
    says: `you may not ${missing.join(', ')}`,
    remedy: `have an administrator add you to viewer.subjects of the release in ${namespace}`,
    page: 'cli.md#rights',
  };
}

/** The holder writes the time of its node into the Lease every five seconds. */
function judgeClock({ lease, overview }: Installation): Finding {
  const check = 'Clocks';
  const age = lease?.renewedAgoMs;
  if (age === undefined || (age > STALE_LEASE_MS && overview === undefined))
    return { check, verdict: 'skipped', says: 'no Lease is being renewed' };
  const off = age < 0 ? -age : age;
  if (age >= -MAX_SKEW_MS && age <= STALE_LEASE_MS)
    return { check, verdict: 'ok', says: "the leader's and this machine's agree" };
  return {
    check,
    verdict: 'look',
    says: `the leader's clock is ${durationText(off)} ${age < 0 ? 'ahead of' : 'behind'} this machine's`,
    remedy: 'set the clock that is wrong: certificates and tokens are judged by it',
  };
}

function judgePodSecurity({ namespaceLabels, namespace }: Installation): Finding {
  const check = 'Pod Security';
  if (namespaceLabels === undefined)
    return { check, verdict: 'skipped', says: `you may not read the namespace ${namespace}` };
  const enforced = namespaceLabels['pod-security.kubernetes.io/enforce'];
  if (enforced === undefined || enforced === 'privileged')
    return {
      check,
      verdict: 'ok',
      says: enforced === undefined ? 'the namespace enforces no level of its own' : 'privileged',
    };
  return {
    check,
    verdict: 'broken',
    says: `the namespace enforces ${JSON.stringify(enforced)}, which refuses the agents' pods`,
    remedy: `kubectl label namespace ${namespace} pod-security.kubernetes.io/enforce=privileged --overwrite`,
    page: 'install.md#install',
  };
}

function judgeCoordinators({ pods }: Installation): readonly Finding[] {
  const check = 'Coordinators';
  if (pods === undefined) return [{ check, verdict: 'skipped', says: 'you may not list pods' }];
  const own = pods.filter(pod => componentOf(pod) === 'coordinator');
  if (own.length === 0)
    return [
      {
        check,
        verdict: 'broken',
        says: 'there is no pod of them',
        remedy: 'look at the Deployment: kubectl describe deployment',
        page: 'install.md#verify',
      },
    ];
  const bad = own.filter(pod => !isReady(pod));
  if (bad.length === 0) return [{ check, verdict: 'ok', says: `${countNoun(own.length, 'pod')} ready` }];
  return bad.map(pod => ({
    check,
    verdict: bad.length === own.length ? 'broken' : 'look',
    says: `${pod.metadata?.name}: ${whyNotReady(pod)}`,
    remedy: remedyOf(whyNotReady(pod), pod),
    page: 'install.md#verify',
  }));
}

function judgeLease({ lease, namespace, overview, rights }: Installation): Finding {
  const check = 'Leader';
  const denied = rights.some(({ what, allowed }) => what.includes('leases') && !allowed);
  if (lease === undefined && denied) return { check, verdict: 'skipped', says: 'you may not get the Lease' };
  if (lease === undefined)
    return {
      check,
      verdict: 'broken',
      says: 'there is no Lease of the coordinator',
      remedy: 'is this the installation? Name it with --coordinator NAMESPACE/LEASE',
      page: 'cli.md',
    };
  const { holder, renewedAgoMs } = lease;
  if (holder === undefined)
    return {
      check,
      verdict: 'broken',
      says: 'nobody leads',
      remedy: `look at the coordinator's logs: kubectl logs -n ${namespace} -l app.kubernetes.io/component=coordinator`,
    };
  if (overview === undefined && renewedAgoMs !== undefined && renewedAgoMs > STALE_LEASE_MS)
    return {
      check,
      verdict: 'broken',
      says: `${holder} has not renewed its Lease for ${durationText(renewedAgoMs)}`,
      remedy: 'is its pod there, and does it reach the API server?',
    };
  return { check, verdict: 'ok', says: holder };
}

function judgeOverview({ overview, overviewProblem, namespace, rights }: Installation): Finding {
  const check = 'Cluster as read';
  const denied = rights.some(({ what, allowed }) => what.includes('portforward') && !allowed);
  if (overview === undefined && denied)
    return { check, verdict: 'skipped', says: 'you may not forward ports of the pod that leads' };
  if (overview === undefined)
    return {
      check,
      verdict: 'broken',
      says: overviewProblem ?? 'the coordinator does not answer',
      remedy: `kubectl logs -n ${namespace} -l app.kubernetes.io/component=coordinator`,
    };
  const [gap, ...more] = overview.gaps;
  if (gap === undefined)
    return {
      check,
      verdict: 'ok',
      says: `complete: ${countNoun(overview.resources.length, 'resource')}, ${countNoun(overview.nodes.length, 'node')}`,
    };
  return {
    check,
    verdict: 'broken',
    says: more.length > 0 ? `${gap}; and ${more.length} more` : gap,
    remedy: 'make it readable: until then nothing is dropped because of it',
    page: 'status.md',
  };
}

function silentNodes({ nodes }: Overview): readonly string[] {
  return nodes.filter(({ agent }) => agent === 'Silent' || agent === 'None').map(({ name }) => name);
}

/** Nodes whose agent should report and does not, by what their pod says. */
function judgeAgents({ overview, pods, namespace }: Installation): readonly Finding[] {
  const check = 'Agents';
  if (overview === undefined) return [{ check, verdict: 'skipped', says: 'the coordinator does not answer' }];
  const missing = silentNodes(overview);
  if (missing.length === 0) {
    const agents = overview.nodes.filter(({ agent }) => agent !== 'NotApplicable').length;
    return [{ check, verdict: 'ok', says: `${countNoun(agents, 'node')}: all report` }];
  }
  const own = (pods ?? []).filter(pod => componentOf(pod) === 'agent');
  const reasonOf = (node: string) => {
    if (pods === undefined) return 'you may not list pods';
    const pod = own.find(({ spec }) => spec?.nodeName === node);
    if (pod === undefined) return 'no pod of the agents is there';
    return isReady(pod) ? 'its pod is ready, but it does not report' : `its pod: ${whyNotReady(pod)}`;
  };
  return [...Map.groupBy(missing, reasonOf)].map(([reason, nodes]) => ({
    check,
    verdict: 'broken' as const,
    says: `no report from ${countNoun(nodes.length, 'node')} (${someOf(nodes)}): ${reason}`,
    remedy: agentRemedy(reason, namespace),
    page: 'install.md#platforms',
  }));
}

function agentRemedy(reason: string, namespace: string): string {
  if (reason.startsWith('no pod'))
    return `kubectl describe daemonset -n ${namespace} -l app.kubernetes.io/component=agent: Pod Security, a quota for system-node-critical (resourceQuota.enabled), or the node is not Ready`;
  if (reason.includes('is ready'))
    return 'it does not reach the coordinator on port 7070: see Network policies below, and the log of the pod';
  return remedyOf(reason);
}

function judgeVersions({ pods }: Installation): Finding {
  const check = 'Versions';
  if (pods === undefined) return { check, verdict: 'skipped', says: 'you may not list pods' };
  const versions = new Set(pods.flatMap(pod => versionOf(pod) ?? []));
  if (versions.size < 2) return { check, verdict: 'ok', says: [...versions].join() || 'not known' };
  return {
    check,
    verdict: 'look',
    says: `several run: ${[...versions].sort().join(', ')}`,
    remedy: 'an upgrade is under way, or stopped half-way: helm history',
    page: 'install.md#upgrade',
  };
}

/** The tag of its image, behind the last colon that is not a port's. */
function versionOf({ spec }: KubeAnswer): string | undefined {
  const [container] = (spec?.containers as readonly { image?: unknown }[] | undefined) ?? [];
  const [, tag] = /:([^:/@]+)(?:@[^@]*)?$/.exec(typeof container?.image === 'string' ? container.image : '') ?? [];
  return tag;
}

interface Waiting {
  readonly reason?: string;
  readonly message?: string;
}

interface ContainerState {
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: { readonly waiting?: Waiting };
  readonly lastState?: { readonly terminated?: { readonly exitCode?: number; readonly reason?: string } };
}

function containersOf({ status }: KubeAnswer): readonly ContainerState[] {
  return (status?.containerStatuses as readonly ContainerState[] | undefined) ?? [];
}

function isReady(pod: KubeAnswer): boolean {
  const containers = containersOf(pod);
  return pod.status?.phase === 'Running' && containers.length > 0 && containers.every(({ ready }) => ready);
}

function whyNotReady(pod: KubeAnswer): string {
  const conditions =
    (pod.status?.conditions as readonly { type?: string; status?: string; message?: string }[] | undefined) ?? [];
  const scheduled = conditions.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') return `not scheduled: ${scheduled.message ?? ''}`;
  const waiting = containersOf(pod).find(({ state }) => state?.waiting !== undefined);
  const ended = waiting?.lastState?.terminated;
  if (waiting?.state?.waiting)
    return `${waiting.state.waiting.reason ?? 'waiting'}${ended === undefined ? '' : ` after exit code ${ended.exitCode}`}: ${waiting.state.waiting.message ?? ''}`.slice(
      0,
      300,
    );
  return `runs, but is not ready (${String(pod.status?.phase)})`;
}

function remedyOf(reason: string, pod?: KubeAnswer): string {
  const name = pod?.metadata === undefined ? 'POD' : `${pod.metadata.name} -n ${pod.metadata.namespace}`;
  if (/ImagePull|ErrImage|InvalidImageName/.test(reason))
    return 'push the image, or correct image.repository and image.tag of the chart';
  if (reason.includes('not scheduled')) return 'make room, or look at taints and affinity';
  if (/CreateContainer|RunContainer/.test(reason)) return `kubectl describe pod ${name}`;
  return `kubectl logs ${name}`;
}
