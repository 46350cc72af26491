import { FAILURE_KINDS, CELL_STATES, type CellState, WAIT_REASONS, type WaitReason } from '@kube-prefetch/protocol';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { REQUEST_RESULTS, type CredentialRequestMetrics } from './credentials/gather-tries.ts';
import type { PluginMetrics } from './credentials/plugins.ts';
import type { PullMetrics } from './pulls/note-pull-end.ts';

/** What the agent counts, by what happened. */
export interface AgentMetrics extends PullMetrics, CredentialRequestMetrics, PluginMetrics {
  bytesPulled(bytes: number): void;
  tagLookedUp(result: 'answered' | 'failed'): void;
  cellsJudged(cells: readonly { readonly state: CellState; readonly waitingFor?: WaitReason }[]): void;
  runtimeAnswered(up: boolean): void;
  diskSeen(seen: boolean): void;
  coordinatorAnswered(wallMs: number): void;
  cycleEnded(elapsedMs: number): void;
  /** The Prometheus text format. */
  exposition(): Promise<{ readonly contentType: string; readonly text: string }>;
}

const NAME = 'kube_prefetch_agent';
/** A node's own configuration names its plugins: a few. */
const MAX_PLUGINS = 32;

export function createAgentMetrics(): AgentMetrics {
  const registers = [new Registry()];
  const pulls = new Counter({
    name: `${NAME}_pulls_total`,
    help: 'Pulls that ended, by result: pulled, failed, cancelled; kind is the failure kind of docs/failures.md, or none.',
    labelNames: ['result', 'kind'],
    registers,
  });
  const duration = new Histogram({
    name: `${NAME}_pull_duration_seconds`,
    help: 'How long a pull ran, by result.',
    labelNames: ['result'],
    buckets: [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800],
    registers,
  });
  const bytes = new Counter({
    name: `${NAME}_pulled_bytes_total`,
    help: 'Bytes that came from registries, as far as the runtime lets them be seen; counted while no pull runs, or half a minute later.',
    registers,
  });
  const requests = new Counter({
    name: `${NAME}_credential_requests_total`,
    help: 'Requests to the coordinator for the credentials of an image, by result: given, none that fits, waits for a secret, failed.',
    labelNames: ['result'],
    registers,
  });
  const plugins = new Histogram({
    name: `${NAME}_credential_plugin_duration_seconds`,
    help: 'Runs of credential provider plugins and how long they took, by plugin as the configuration of the node names it, and result: answered, failed, too_late.',
    labelNames: ['plugin', 'result'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  });
  const knownPlugins = new Set<string>();
  const images = new Gauge({
    name: `${NAME}_images`,
    help: 'Planned images by the state of their cell.',
    labelNames: ['state'],
    registers,
  });
  const waiting = new Gauge({
    name: `${NAME}_images_waiting`,
    help: 'Planned images that wait, by what for; docs/failures.md says what each means.',
    labelNames: ['reason'],
    registers,
  });
  const runtimeUp = new Gauge({
    name: `${NAME}_runtime_up`,
    help: '1 while the runtime answers and is the one that the kubelet uses, 0 otherwise.',
    registers,
  });
  const diskVisible = new Gauge({
    name: `${NAME}_disk_visible`,
    help: '1 while the agent sees how full the file system of the images is, 0 while it does not: then no disk limit is kept.',
    registers,
  });
  const contact = new Gauge({
    name: `${NAME}_coordinator_last_contact_timestamp_seconds`,
    help: 'When the coordinator last answered, in seconds since the Unix epoch; 0: never.',
    registers,
  });
  const cycle = new Histogram({
    name: `${NAME}_cycle_duration_seconds`,
    help: 'How long one look at the node and what follows from it took.',
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30],
    registers,
  });
  const looks = new Counter({
    name: `${NAME}_tag_looks_total`,
    help: 'Tags that this node looked up in their registry for the cluster, by result: answered, failed.',
    labelNames: ['result'],
    registers,
  });
  for (const result of ['answered', 'failed']) looks.inc({ result }, 0);
  for (const state of CELL_STATES) images.set({ state }, 0);
  for (const reason of WAIT_REASONS) waiting.set({ reason }, 0);
  for (const result of ['pulled', 'cancelled']) pulls.inc({ result, kind: 'none' }, 0);
  // A rate sees only what comes after the first sample of a series.
  for (const result of ['pulled', 'failed', 'cancelled']) duration.zero({ result });
  for (const result of REQUEST_RESULTS) requests.inc({ result }, 0);
  for (const kind of FAILURE_KINDS) pulls.inc({ result: 'failed', kind }, 0);

  return {
    pullEnded(result, kind, elapsedMs) {
      pulls.inc({ result, kind: kind ?? 'none' });
      duration.observe({ result }, elapsedMs / 1000);
    },
    credentialsAsked: result => requests.inc({ result }),
    pluginRan(plugin, result, elapsedMs) {
      if (knownPlugins.size < MAX_PLUGINS) knownPlugins.add(plugin);
      plugins.observe({ plugin: knownPlugins.has(plugin) ? plugin : 'other', result }, elapsedMs / 1000);
    },
    tagLookedUp: result => looks.inc({ result }),
    bytesPulled: count => bytes.inc(count),
    cellsJudged(cells) {
      for (const state of CELL_STATES) images.set({ state }, cells.filter(cell => cell.state === state).length);
      for (const reason of WAIT_REASONS)
        waiting.set({ reason }, cells.filter(({ waitingFor }) => waitingFor === reason).length);
    },
    diskSeen: seen => diskVisible.set(seen ? 1 : 0),
    runtimeAnswered: up => runtimeUp.set(up ? 1 : 0),
    coordinatorAnswered: wallMs => contact.set(wallMs / 1000),
    cycleEnded: elapsedMs => cycle.observe(elapsedMs / 1000),
    async exposition() {
      const [registry] = registers as [Registry];
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}
