import { type Config, PROCESS_SETTINGS, type Settings } from '@kube-prefetch/process';

/** Every setting of the agent. */
export const AGENT_SETTINGS = {
  coordinator: {
    type: 'string',
    flag: 'coordinator',
    env: 'KUBE_PREFETCH_COORDINATOR',
    maxLength: 2_048,
    meaning: "the coordinator's address, https://HOST:PORT; http:// only with a loopback address",
  },
  caFile: {
    type: 'file',
    flag: 'ca-file',
    env: 'KUBE_PREFETCH_CA_FILE',
    optional: true,
    meaning: "certificates in PEM that the coordinator's must come from; with https, read again with every request",
  },
  tokenFile: {
    type: 'file',
    flag: 'token-file',
    env: 'KUBE_PREFETCH_TOKEN_FILE',
    optional: true,
    meaning: 'the token that says which node asks; with https, read again with every request',
  },
  node: {
    type: 'string',
    flag: 'node',
    env: 'KUBE_PREFETCH_NODE',
    maxLength: 253,
    meaning: 'the name of this node in the cluster',
  },
  runtimeSocket: {
    type: 'string',
    flag: 'runtime-socket',
    env: 'KUBE_PREFETCH_RUNTIME_SOCKET',
    maxLength: 4_096,
    optional: true,
    meaning: "the container runtime's socket; without it the usual places are tried in order",
  },
  runtimeImageSocket: {
    type: 'string',
    flag: 'runtime-image-socket',
    env: 'KUBE_PREFETCH_RUNTIME_IMAGE_SOCKET',
    maxLength: 4_096,
    optional: true,
    meaning: "the socket of the kubelet's imageServiceEndpoint, if it has one: images are pulled and looked at there",
  },
  stateDir: {
    type: 'folder',
    flag: 'state-dir',
    env: 'KUBE_PREFETCH_STATE_DIR',
    default: '/var/lib/kube-prefetch',
    meaning: 'where the last plan is kept; one agent at a time',
  },
  parallelPulls: {
    type: 'integer',
    flag: 'parallel-pulls',
    env: 'KUBE_PREFETCH_PARALLEL_PULLS',
    min: 1,
    max: 32,
    default: 2,
    meaning: 'pulls that may run at once on this node',
  },
  slowPullBytesPerSecond: {
    type: 'integer',
    flag: 'slow-pull-bytes-per-second',
    env: 'KUBE_PREFETCH_SLOW_PULL_BYTES_PER_SECOND',
    min: 0,
    max: 1_000_000_000,
    default: 50_000,
    meaning: 'a pull that moves slower takes no slot, until twice as many run as parallel-pulls; 0: each takes one',
  },
  diskMaxUsedPercent: {
    type: 'integer',
    flag: 'disk-max-used-percent',
    env: 'KUBE_PREFETCH_DISK_MAX_USED_PERCENT',
    min: 1,
    max: 100,
    default: 80,
    meaning:
      "no pull starts that would fill the images' file system further; keep it below the kubelet's imageGCHighThresholdPercent",
  },
  diskSeenThrough: {
    type: 'choice',
    flag: 'disk-seen-through',
    env: 'KUBE_PREFETCH_DISK_SEEN_THROUGH',
    choices: ['image-folder', 'own-root'],
    default: 'image-folder',
    meaning:
      "what shows how full the images' file system is: the folder that the runtime names, or, in a container of that runtime, its own root",
  },
  stallTimeoutMs: {
    type: 'duration',
    flag: 'stall-timeout',
    env: 'KUBE_PREFETCH_STALL_TIMEOUT',
    min: '1s',
    max: '1h',
    default: '10m',
    meaning: 'a download without a new byte for so long is given up and tried again later',
  },
  dockerConfig: {
    type: 'file',
    flag: 'docker-config',
    env: 'KUBE_PREFETCH_DOCKER_CONFIG',
    optional: true,
    meaning:
      "the docker config that this node's kubelet uses, /var/lib/kubelet/config.json; read again after five minutes",
  },
  credentialProviderConfig: {
    type: 'file',
    flag: 'credential-provider-config',
    env: 'KUBE_PREFETCH_CREDENTIAL_PROVIDER_CONFIG',
    optional: true,
    meaning: "a CredentialProviderConfig, or a folder of them, as the kubelet's --image-credential-provider-config",
  },
  credentialProviderBinDir: {
    type: 'folder',
    flag: 'credential-provider-bin-dir',
    env: 'KUBE_PREFETCH_CREDENTIAL_PROVIDER_BIN_DIR',
    optional: true,
    meaning: "where its plugins are, as the kubelet's --image-credential-provider-bin-dir",
  },
  credentialProviderTimeoutMs: {
    type: 'duration',
    flag: 'credential-provider-timeout',
    env: 'KUBE_PREFETCH_CREDENTIAL_PROVIDER_TIMEOUT',
    min: '1s',
    max: '10m',
    default: '1m',
    meaning: 'how long a plugin may run; then it is ended and the image waits',
  },
  registryCertsDir: {
    type: 'folder',
    flag: 'registry-certs-dir',
    env: 'KUBE_PREFETCH_REGISTRY_CERTS_DIR',
    optional: true,
    meaning:
      "where the runtime's hosts.toml or certificates of registries are, /etc/containerd/certs.d: tags are looked up with them",
  },
  registryCaFile: {
    type: 'file',
    flag: 'registry-ca-file',
    env: 'KUBE_PREFETCH_REGISTRY_CA_FILE',
    optional: true,
    meaning:
      "certificates in PEM from which those of registries may come, beside those that Node.js knows, as the node's own bundle; read at every look",
  },
  registryProxy: {
    type: 'string',
    flag: 'registry-proxy',
    env: 'KUBE_PREFETCH_REGISTRY_PROXY',
    maxLength: 2_048,
    optional: true,
    meaning: 'the proxy through which registries are asked what tags stand for, http://HOST:PORT, without credentials',
  },
  registryNoProxy: {
    type: 'string',
    flag: 'registry-no-proxy',
    env: 'KUBE_PREFETCH_REGISTRY_NO_PROXY',
    maxLength: 4_096,
    optional: true,
    meaning:
      'hosts that are asked without it, with commas between: HOST, HOST:PORT, .DOMAIN, an address or ADDRESS-ADDRESS',
  },
  opsListen: {
    type: 'address',
    flag: 'ops-listen',
    env: 'KUBE_PREFETCH_OPS_LISTEN',
    default: '127.0.0.1:7073',
    meaning: 'where /healthz, /readyz and /metrics are served',
  },
  ...PROCESS_SETTINGS,
} as const satisfies Settings;

/** What is wrong with settings of plugins that are right one by one. */
export function pluginProblems(
  settings: Pick<Config<typeof AGENT_SETTINGS>, 'credentialProviderConfig' | 'credentialProviderBinDir'>,
) {
  if ((settings.credentialProviderConfig === undefined) === (settings.credentialProviderBinDir === undefined))
    return [];
  return ['--credential-provider-config and --credential-provider-bin-dir: expected both or none of them'];
}

export function proxyProblems({ registryProxy }: Pick<Config<typeof AGENT_SETTINGS>, 'registryProxy'>) {
  if (registryProxy === undefined) return [];
  const url = URL.canParse(registryProxy) ? new URL(registryProxy) : undefined;
  const isPlain =
    url !== undefined && url.username === '' && url.password === '' && url.pathname === '/' && url.search === '';
  if (isPlain && /^https?:$/.test(url.protocol)) return [];
  // What was given may hold a password.
  return ['--registry-proxy: expected http://HOST:PORT without credentials and path'];
}
