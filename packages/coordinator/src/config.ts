import { PROCESS_SETTINGS, type Settings } from '@kube-prefetch/process';

/** Everything that can be set, in the order of `--help`. */
export const SETTINGS = {
  manifests: {
    type: 'folder',
    flag: 'manifests',
    env: 'KUBE_PREFETCH_MANIFESTS',
    meaning: 'folder of YAML files with resources, workloads and nodes; read again when it changes',
  },
  statusDir: {
    type: 'folder',
    flag: 'status-dir',
    env: 'KUBE_PREFETCH_STATUS_DIR',
    meaning: 'folder that status files are written to',
  },
  listen: {
    type: 'address',
    flag: 'listen',
    env: 'KUBE_PREFETCH_LISTEN',
    default: '127.0.0.1:7070',
    meaning: 'where agents reach the coordinator; it does not ask who is there: a loopback address',
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
  leaseTtlMs: {
    type: 'duration',
    flag: 'lease-ttl',
    env: 'KUBE_PREFETCH_LEASE_TTL',
    min: '3s',
    max: '10m',
    default: '30s',
    meaning: 'how long a pull permit lasts unless renewed',
  },
  silentAfterMs: {
    type: 'duration',
    flag: 'silent-after',
    env: 'KUBE_PREFETCH_SILENT_AFTER',
    min: '4s',
    max: '1h',
    default: '60s',
    meaning: 'how long a node may stay without contact before its cells are Unknown',
  },
  ...PROCESS_SETTINGS,
} as const satisfies Settings;
