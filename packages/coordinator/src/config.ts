import { isTenantGlob, rewriteProblem } from '@kube-prefetch/core';
import { KNOWN_KINDS, parseWorkloadKinds, type WorkloadKinds } from '@kube-prefetch/cluster';
import { errorText, type RewriteRule, type Spread } from '@kube-prefetch/protocol';
import { type Config, PROCESS_SETTINGS, type Settings } from '@kube-prefetch/process';

/** Everything that can be set, in the order of `--help`. */
export const SETTINGS = {
  source: {
    type: 'choice',
    flag: 'source',
    env: 'KUBE_PREFETCH_SOURCE',
    choices: ['manifests', 'kubernetes'],
    default: 'manifests',
    meaning: 'where the state of the cluster comes from, and status goes to',
  },
  manifests: {
    type: 'folder',
    flag: 'manifests',
    env: 'KUBE_PREFETCH_MANIFESTS',
    where: { source: 'manifests' },
    meaning: 'folder of YAML files with resources, workloads and nodes; read again when it changes',
  },
  statusDir: {
    type: 'folder',
    flag: 'status-dir',
    env: 'KUBE_PREFETCH_STATUS_DIR',
    where: { source: 'manifests' },
    meaning: 'folder that status files are written to',
  },
  namespace: kubernetes('namespace', 'KUBE_PREFETCH_NAMESPACE', 'the namespace of this pod'),
  podName: kubernetes('pod-name', 'KUBE_PREFETCH_POD_NAME', 'the name of this pod, which leads under it'),
  podIp: kubernetes('pod-ip', 'KUBE_PREFETCH_POD_IP', 'where agents reach this pod when it leads'),
  service: kubernetes('service', 'KUBE_PREFETCH_SERVICE', 'the DNS name that agents call, and the certificate is for'),
  lease: kubernetes('lease', 'KUBE_PREFETCH_LEASE', 'the Lease that decides which replica leads'),
  caSecret: kubernetes('ca-secret', 'KUBE_PREFETCH_CA_SECRET', 'the Secret that keeps the certificate authority'),
  caConfigMap: kubernetes(
    'ca-config-map',
    'KUBE_PREFETCH_CA_CONFIG_MAP',
    'the ConfigMap that tells agents whom to trust',
  ),
  agentServiceAccount: kubernetes(
    'agent-service-account',
    'KUBE_PREFETCH_AGENT_SERVICE_ACCOUNT',
    'the ServiceAccount of the agents: nobody else is served',
  ),
  pullSecrets: {
    type: 'choice',
    flag: 'pull-secrets',
    env: 'KUBE_PREFETCH_PULL_SECRETS',
    choices: ['read', 'off'],
    default: 'read',
    meaning:
      'whether Secrets are read that pods pull with; off: images are pulled without, ServiceAccounts are not read',
  },
  techsquadPrefetches: {
    type: 'choice',
    flag: 'techsquad-prefetches',
    env: 'KUBE_PREFETCH_TECHSQUAD_PREFETCHES',
    choices: ['serve', 'off'],
    default: 'off',
    meaning:
      'whether Prefetches of cache.techsquad.rocks/v1, of another operator, are served as well; only with kubernetes',
  },
  secretRefreshMs: {
    type: 'duration',
    flag: 'secret-refresh',
    env: 'KUBE_PREFETCH_SECRET_REFRESH',
    min: '10s',
    max: '24h',
    default: '5m',
    meaning: 'how long a pull secret that was read counts before it is read again',
  },
  pods: {
    type: 'choice',
    flag: 'pods',
    env: 'KUBE_PREFETCH_PODS',
    choices: ['read', 'off'],
    default: 'read',
    meaning:
      'whether pods are read, where resources want images as admitted, or name the kind Pod; off: images count as written',
  },
  startupTaints: {
    type: 'list',
    flag: 'startup-taints',
    env: 'KUBE_PREFETCH_STARTUP_TAINTS',
    maxLength: 10_000,
    items: 'keys of taints, or prefix/*',
    isItem: text => text !== '',
    optional: true,
    meaning: 'keys, or prefix/*, of taints that nodes carry only until they are set up',
  },
  gateTaint: {
    type: 'string',
    flag: 'gate-taint',
    env: 'KUBE_PREFETCH_GATE_TAINT',
    maxLength: 317,
    optional: true,
    meaning:
      'key of a taint that new nodes carry, taken off once they hold the images of gate-resources; absent: no gate',
  },
  gateResources: {
    type: 'list',
    flag: 'gate-resources',
    env: 'KUBE_PREFETCH_GATE_RESOURCES',
    maxLength: 100_000,
    items: 'names such as ClusterPrefetch base or Prefetch shop/web',
    isItem: text => /^(ClusterPrefetch |Prefetch [a-z0-9-]+\/)[a-z0-9.-]+$/.test(text),
    optional: true,
    meaning: 'whose images a node must hold before the taint comes off',
  },
  gateDeadlineMs: {
    type: 'duration',
    flag: 'gate-deadline',
    env: 'KUBE_PREFETCH_GATE_DEADLINE',
    min: '10s',
    max: '24h',
    default: '15m',
    meaning: 'how long a node may wait behind the gate; then the taint comes off all the same',
  },
  tenantImages: {
    type: 'list',
    flag: 'tenant-images',
    env: 'KUBE_PREFETCH_TENANT_IMAGES',
    maxLength: 100_000,
    items: '*, or registries without a wildcard and paths, such as registry.example/team/*',
    isItem: isTenantGlob,
    optional: true,
    meaning: 'images that Prefetches may ask for, as globs over normalised references; absent: any',
  },
  tenantImagesPerNamespace: {
    type: 'integer',
    flag: 'tenant-images-per-namespace',
    env: 'KUBE_PREFETCH_TENANT_IMAGES_PER_NAMESPACE',
    min: 0,
    max: 1_000_000,
    optional: true,
    meaning: 'how many images the Prefetches of one namespace may ask for; any number where absent',
  },
  tenantBytesPerNode: {
    type: 'integer',
    flag: 'tenant-bytes-per-node',
    env: 'KUBE_PREFETCH_TENANT_BYTES_PER_NODE',
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    optional: true,
    meaning:
      'how many bytes of a node the images of one namespace may take, as runtimes count them; any number where absent',
  },
  rewrite: {
    type: 'list',
    flag: 'rewrite',
    env: 'KUBE_PREFETCH_REWRITE',
    maxLength: 100_000,
    items: 'rules such as docker.io/=mirror.example/hub/ or docker.io/library/nginx=mirror.example/nginx',
    isItem: text => rewriteProblem(parseRewriteRule(text)) === undefined,
    optional: true,
    meaning: 'what the cluster makes of image references, in order, after the rewrite rules of each resource',
  },
  workloadKinds: {
    type: 'string',
    flag: 'workload-kinds',
    env: 'KUBE_PREFETCH_WORKLOAD_KINDS',
    maxLength: 100_000,
    optional: true,
    meaning:
      "kinds of workloads that are read besides Kubernetes' own, as a JSON list of names and rows; absent: all that are known",
  },
  agentPods: {
    type: 'string',
    flag: 'agent-pods',
    env: 'KUBE_PREFETCH_AGENT_PODS',
    maxLength: 100_000,
    optional: true,
    meaning:
      "what the agents' pods say of where they run, as JSON: nodeSelector, affinity and tolerations; absent: everywhere",
  },
  kubeconfig: {
    type: 'file',
    flag: 'kubeconfig',
    env: 'KUBE_PREFETCH_KUBECONFIG',
    optional: true,
    meaning: 'how to reach the API server from outside of a pod',
  },
  listen: {
    type: 'address',
    flag: 'listen',
    env: 'KUBE_PREFETCH_LISTEN',
    default: '127.0.0.1:7070',
    meaning: 'where agents reach the coordinator; with manifests it has no authentication: a loopback address',
  },
  adminListen: {
    type: 'address',
    flag: 'admin-listen',
    env: 'KUBE_PREFETCH_ADMIN_LISTEN',
    default: '127.0.0.1:7071',
    meaning: 'where people read the overview; a loopback address as well',
  },
  opsListen: {
    type: 'address',
    flag: 'ops-listen',
    env: 'KUBE_PREFETCH_OPS_LISTEN',
    default: '127.0.0.1:7072',
    meaning: 'where health, readiness and metrics are served',
  },
  maxConcurrentPulls: {
    type: 'integer',
    flag: 'max-concurrent-pulls',
    env: 'KUBE_PREFETCH_MAX_CONCURRENT_PULLS',
    min: 1,
    max: 1_000_000,
    optional: true,
    meaning: 'pulls that may run at once on all nodes together; any number where absent',
  },
  maxConcurrentPullsPerRegistry: {
    type: 'integer',
    flag: 'max-concurrent-pulls-per-registry',
    env: 'KUBE_PREFETCH_MAX_CONCURRENT_PULLS_PER_REGISTRY',
    min: 1,
    max: 1_000_000,
    optional: true,
    meaning: 'pulls that may run at once on all nodes together from one registry; any number where absent',
  },
  spreadSeeds: {
    type: 'integer',
    flag: 'spread-seeds',
    env: 'KUBE_PREFETCH_SPREAD_SEEDS',
    min: 1,
    max: 100_000,
    optional: true,
    meaning:
      'of images whose resources say nothing about waves, nodes that may pull one while none holds it; any number where absent',
  },
  spreadFanout: {
    type: 'integer',
    flag: 'spread-fanout',
    env: 'KUBE_PREFETCH_SPREAD_FANOUT',
    min: 1,
    max: 100_000,
    optional: true,
    meaning: 'with --spread-seeds, nodes that may pull for each that holds the image; any number where absent',
  },
  spreadSettleMs: {
    type: 'duration',
    flag: 'spread-settle',
    env: 'KUBE_PREFETCH_SPREAD_SETTLE',
    min: '0s',
    max: '10m',
    default: '3s',
    meaning: 'how long a node must hold an image before others may pull because of it: until a mirror has found it',
  },
  spreadPatienceMs: {
    type: 'duration',
    flag: 'spread-patience',
    env: 'KUBE_PREFETCH_SPREAD_PATIENCE',
    min: '10s',
    max: '1h',
    default: '60s',
    meaning:
      'a pull of an image that is spread in waves without a new byte for so long takes no turn from another node',
  },
  refreshIntervalMs: {
    type: 'duration',
    flag: 'refresh-interval',
    env: 'KUBE_PREFETCH_REFRESH_INTERVAL',
    min: '10s',
    max: '24h',
    default: '1h',
    meaning: 'how often a tag that moves is looked up in its registry, where resources say nothing of it',
  },
  refreshMinIntervalMs: {
    type: 'duration',
    flag: 'refresh-min-interval',
    env: 'KUBE_PREFETCH_REFRESH_MIN_INTERVAL',
    min: '1s',
    max: '24h',
    default: '1m',
    meaning: 'no tag is looked up more often, whatever resources say',
  },
  parallelPulls: {
    type: 'integer',
    flag: 'parallel-pulls',
    env: 'KUBE_PREFETCH_PARALLEL_PULLS',
    min: 1,
    max: 32,
    default: 32,
    meaning: 'pulls that an agent runs at once, as agents are set: no node gets more than three times as many permits',
  },
  permitTtlMs: {
    type: 'duration',
    flag: 'permit-ttl',
    env: 'KUBE_PREFETCH_PERMIT_TTL',
    min: '3s',
    max: '10m',
    default: '30s',
    meaning: 'how long a pull permit lasts unless renewed',
  },
  authorityLookMs: {
    type: 'duration',
    flag: 'authority-look',
    env: 'KUBE_PREFETCH_AUTHORITY_LOOK',
    min: '1s',
    max: '1h',
    default: '60s',
    meaning: 'how often the certificate authority that is kept in the cluster is looked at',
  },
  silentAfterMs: {
    type: 'duration',
    flag: 'silent-after',
    env: 'KUBE_PREFETCH_SILENT_AFTER',
    // Shorter, and an agent that reports whenever a poll ends could lose its node to an older one.
    min: '40s',
    max: '1h',
    default: '60s',
    meaning: 'how long a node may stay without contact before its cells are Unknown',
  },
  resourceGraceMs: {
    type: 'duration',
    flag: 'resource-grace',
    env: 'KUBE_PREFETCH_RESOURCE_GRACE',
    min: '1m',
    max: '24h',
    default: '30m',
    meaning: 'how long a node that lost an extended resource still counts as having it',
  },
  ...PROCESS_SETTINGS,
} as const satisfies Settings;

/** `from=to`; no reference has a `=`. */
export function parseRewriteRule(text: string): RewriteRule {
  const [from = '', to = '', ...more] = text.split('=');
  return { from, to: [to, ...more].join('=') };
}

/** Undefined where images are spread in waves only by what their resources say. */
export function spreadOf({ spreadSeeds: seeds, spreadFanout: fanout }: Config<typeof SETTINGS>): Spread | undefined {
  return seeds === undefined ? undefined : { seeds, fanout: fanout ?? 'all' };
}

/** What is wrong with settings that are right one by one, and with JSON. */
export function problemsOf({ gateTaint, gateResources, workloadKinds }: Config<typeof SETTINGS>): readonly string[] {
  const problems =
    gateTaint === undefined || gateResources !== undefined
      ? []
      : ['--gate-resources: expected the resources whose images open the gate of --gate-taint, got nothing'];
  try {
    kindsOf({ workloadKinds });
  } catch (error) {
    problems.push(`--workload-kinds: ${errorText(error)}`);
  }
  return problems;
}

/** Throws for a list that makes no sense. */
export function kindsOf({ workloadKinds }: { readonly workloadKinds?: string | undefined }): WorkloadKinds {
  return workloadKinds === undefined ? KNOWN_KINDS : parseWorkloadKinds(workloadKinds);
}

type Everything = Config<typeof SETTINGS>;
type Source = Everything['source'];
type With<Chosen extends Source> = Everything & { readonly source: Chosen } & {
  readonly [Name in keyof Everything as (typeof SETTINGS)[Name] extends { where: { source: Chosen } }
    ? Name
    : never]: NonNullable<Everything[Name]>;
};
/** The settings of the chosen source are given: `readConfig` has checked that. */
export function bySource(config: Everything): With<'manifests'> | With<'kubernetes'> {
  return config as With<'manifests'> | With<'kubernetes'>;
}

function kubernetes(flag: string, env: string, meaning: string) {
  return { type: 'string', flag, env, maxLength: 253, where: { source: 'kubernetes' }, meaning } as const;
}
