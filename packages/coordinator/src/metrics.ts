import type { ClusterSource, CountedRequest } from '@kube-prefetch/cluster';
import { gapsOf } from '@kube-prefetch/core';
import { CELL_STATES, type CellState, FAILURE_KINDS, type ImageRef, registryOf } from '@kube-prefetch/protocol';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Gate } from './gate/gate.ts';
import { type Opening, OPENING_REASONS } from './gate/judge-gate.ts';
import type { Credentials } from './credentials/credentials.ts';
import type { Fleet, ReportOutcome } from './fleet/index.ts';
import { TAG_LOOK_RESULTS, type TagLookResult, type Tags } from './refresh/tags.ts';
import type { LimitUse, Permits, PullOutcome, SlowRegistries } from './permits/index.ts';
import { WRITE_OUTCOMES, type WriteOutcome } from './status/index.ts';
import type { CurrentTerm } from './current-term.ts';

/** All metrics of the process, recorded by calls named after what happened. */
export interface CoordinatorMetrics {
  readonly registry: Registry;
  planned(durationMs: number): void;
  report(outcome: ReportOutcome): void;
  request(route: string, status: number, durationMs: number): void;
  /** For images that an agent asked credentials for. */
  credentials(result: CredentialResult, images: number): void;
  statusWrite(outcome: WriteOutcome): void;
  nodeOpened(reason: Opening['reason']): void;
  apiRequest(request: CountedRequest): void;
  /** As an agent's report told it. */
  pullEnded(image: ImageRef, end: PullOutcome): void;
  becameWarm(afterMs: number): void;
  tagLookedUp(result: TagLookResult): void;
  certificateEnds(certificate: 'authority' | 'serving', endMs: number): void;
  authorityProblem(isProblem: boolean): void;
  /** The Prometheus text format, with what is true now. */
  expose(measured: Measured): Promise<{ readonly type: string; readonly text: string }>;
}

const CREDENTIAL_RESULTS = ['given', 'none', 'waits', 'not_planned', 'refused'] as const;
export type CredentialResult = (typeof CREDENTIAL_RESULTS)[number];

/** What is looked at whenever metrics are read. */
export interface Measured {
  readonly term: Pick<CurrentTerm, 'leading'>;
  readonly source: Pick<ClusterSource, 'read'>;
  readonly fleet: Pick<Fleet, 'records' | 'tally' | 'nodes' | 'longestNotWarmMs'>;
  readonly permits: Pick<Permits, 'counts' | 'limits'>;
  readonly registries: Pick<SlowRegistries, 'refusals'>;
  readonly tags: Pick<Tags, 'view'>;
  readonly credentials: Pick<Credentials, 'counts'>;
  readonly gate: Pick<Gate, 'waiting'> | undefined;
}

const PREFIX = 'kube_prefetch_coordinator_';
/** Registries with a label of their own. Resources may name any. */
const MAX_REGISTRIES = 100;
const OTHER = 'other';

export function createMetrics(): CoordinatorMetrics {
  const registry = new Registry();
  const registers = [registry];

  const cells = new Gauge({
    name: `${PREFIX}cells`,
    help: 'Pairs of a node and an image planned for it, by state.',
    labelNames: ['state'],
    registers,
  });
  const timeToWarm = new Histogram({
    name: `${PREFIX}time_to_warm_seconds`,
    help: 'Time from when an image was first asked for on a node to the report that it is warm there, all waits included, for the cells that count as written below.',
    buckets: [0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 21_600],
    registers,
  });
  const longestNotWarm = new Gauge({
    name: `${PREFIX}longest_not_warm_seconds`,
    help: 'How long the cell that has been asked for and not warm for longest has been so, as far as this coordinator saw, on nodes whose agents report; 0: there is none.',
    registers,
  });
  const pulls = new Counter({
    name: `${PREFIX}pulls_total`,
    help: 'Pulls on all nodes that ended, by registry, and kind of failure or none; the first 100 registries by name, those after them as other. All kinds are 0 from when a plan first names the registry.',
    labelNames: ['registry', 'kind'],
    registers,
  });
  const registryLabels = new Set<string>();
  const labelOf = (registry = OTHER) => {
    const label = registryLabels.size < MAX_REGISTRIES || registryLabels.has(registry) ? registry : OTHER;
    if (!registryLabels.has(label)) {
      registryLabels.add(label);
      // A rate sees only what comes after the first sample of a series.
      for (const kind of ['none', ...FAILURE_KINDS]) pulls.inc({ registry: label, kind }, 0);
    }
    return label;
  };
  const nodes = new Gauge({
    name: `${PREFIX}nodes`,
    help: 'Nodes of the cluster by their agent: reporting, silent, none that ever reported to this coordinator, or not_applicable where none can run.',
    labelNames: ['agent'],
    registers,
  });
  const planning = new Histogram({
    name: `${PREFIX}planning_duration_seconds`,
    help: 'Time of one pass: from the cluster state to plans and statuses.',
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers,
  });
  const reports = new Counter({
    name: `${PREFIX}reports_total`,
    help: 'Reports of agents by what became of them: used, repeated, full_demanded, older_agent.',
    labelNames: ['outcome'],
    registers,
  });
  const requests = new Counter({
    name: `${PREFIX}http_requests_total`,
    help: 'Answered HTTP requests by route and status.',
    labelNames: ['route', 'status'],
    registers,
  });
  const requestDuration = new Histogram({
    name: `${PREFIX}http_request_duration_seconds`,
    help: 'Time from request to answer by route; polls and permit requests include their waiting.',
    labelNames: ['route'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60],
    registers,
  });
  const permits = new Gauge({
    name: `${PREFIX}permits`,
    help: 'Pull permits by state: granted to nodes, or waited for.',
    labelNames: ['state'],
    registers,
  });
  const limits = new Gauge({
    name: `${PREFIX}limit`,
    help: 'Limits that pulls use or wait for, by whose they are: cluster, registry, resource, wave; is: what they let run at once, what of that is used, and the pulls that wait for them. Pulls count, of resources and waves nodes; all limits of one kind are one sum, but each of 100 registries is its own.',
    labelNames: ['limit', 'registry', 'is'],
    registers,
  });
  const slowed = new Gauge({
    name: `${PREFIX}registry_slowed`,
    help: 'For each registry that is slowed because it refused or failed pulls, the share of the pulls that ran at once before that may now; no sample: it is not slowed.',
    labelNames: ['registry'],
    registers,
  });
  const looks = new Counter({
    name: `${PREFIX}tag_looks_total`,
    help: 'Tags that a node was asked to look up in their registry, by result: the same contents as before, moved to others, failed, unanswered in time.',
    labelNames: ['result'],
    registers,
  });
  for (const result of TAG_LOOK_RESULTS) looks.inc({ result }, 0);
  const movingTags = new Gauge({
    name: `${PREFIX}moving_tags`,
    help: 'Tags that are looked up from time to time, by state: known, unknown before the first look, failing where the last one did, asked now.',
    labelNames: ['state'],
    registers,
  });
  const waves = new Gauge({
    name: `${PREFIX}waves`,
    help: 'Images, by architecture of their nodes, that are being spread in waves: seeding until a holder counts, then spreading. The overview names them.',
    labelNames: ['state'],
    registers,
  });
  const waveNodes = new Gauge({
    name: `${PREFIX}wave_nodes`,
    help: 'Nodes of those waves: holding the image, counted of these because they have held it long enough, pulling, stuck of these because no byte came for long, or waiting for their turn.',
    labelNames: ['state'],
    registers,
  });
  const secrets = new Gauge({
    name: `${PREFIX}pull_secrets`,
    help: 'Pull secrets that nodes needed lately, by state: usable, or unusable because they are missing, wrong, or cannot be read.',
    labelNames: ['state'],
    registers,
  });
  const credentialRequests = new Counter({
    name: `${PREFIX}credential_requests_total`,
    help: 'Images that agents asked credentials for, by result: given, none that fits, waits for a secret, not_planned for the node or without pull secrets, refused because the node asks for too much.',
    labelNames: ['result'],
    registers,
  });
  for (const result of CREDENTIAL_RESULTS) credentialRequests.inc({ result }, 0);
  const statusWrites = new Counter({
    name: `${PREFIX}status_writes_total`,
    help: 'Writes of a resource status by outcome: written, unchanged, gone, failed.',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of WRITE_OUTCOMES) statusWrites.inc({ outcome }, 0);
  const gatedNodes = new Gauge({
    name: `${PREFIX}gated_nodes`,
    help: 'Nodes that carry the taint of the gate: they take no pods before they are warm.',
    registers,
  });
  const nodesOpened = new Counter({
    name: `${PREFIX}nodes_opened_total`,
    help: 'Nodes that the gate was opened for, by reason: NodeWarm, NodeNeverWarm, NodeNotWarmInTime.',
    labelNames: ['reason'],
    registers,
  });
  for (const reason of OPENING_REASONS) nodesOpened.inc({ reason }, 0);
  const apiRequests = new Counter({
    name: `${PREFIX}api_requests_total`,
    help: 'Requests to the API server by verb, resource and class of the status, none where no answer came; a watch counts once, when it is opened.',
    labelNames: ['verb', 'resource', 'code'],
    registers,
  });
  const leader = new Gauge({
    name: `${PREFIX}leader`,
    help: '1 while this process leads, 0 otherwise; then it serves no agents, and other metrics know of no nodes.',
    registers,
  });
  const gaps = new Gauge({
    name: `${PREFIX}source_gaps`,
    help: 'Things the plans are made from that cannot be read; above 0 plans are incomplete.',
    registers,
  });
  const certificateEnd = new Gauge({
    name: `${PREFIX}certificate_end_timestamp_seconds`,
    help: 'When the certificate that agents are shown ends, and the authority that signed it, in seconds since 1970; absent with manifests.',
    labelNames: ['certificate'],
    registers,
  });
  const authorityProblem = new Gauge({
    name: `${PREFIX}authority_problem`,
    help: '1 where the last look at the stored certificate authority failed; /readyz says why.',
    registers,
  });

  return {
    registry,
    planned: durationMs => planning.observe(durationMs / 1000),
    report: outcome => reports.inc({ outcome: REPORT_OUTCOME[outcome] }),
    request(route, status, durationMs) {
      requests.inc({ route, status });
      requestDuration.observe({ route }, durationMs / 1000);
    },
    credentials: (result, images) => credentialRequests.inc({ result }, images),
    statusWrite: outcome => statusWrites.inc({ outcome }),
    nodeOpened: reason => nodesOpened.inc({ reason }),
    pullEnded(image, end) {
      pulls.inc({ registry: labelOf(registryOf(image)), kind: end === 'pulled' ? 'none' : end });
    },
    becameWarm: afterMs => timeToWarm.observe(afterMs / 1000),
    apiRequest: ({ verb, resource, code }) => apiRequests.inc({ verb, resource, code }),
    certificateEnds: (certificate, endMs) => certificateEnd.set({ certificate }, endMs / 1000),
    authorityProblem: isProblem => authorityProblem.set(isProblem ? 1 : 0),
    tagLookedUp: result => looks.inc({ result }),
    async expose({ term, source, fleet, permits: granting, registries, tags, credentials, gate }) {
      for (const [state, count] of Object.entries(countCells(fleet))) cells.set({ state }, count);
      for (const image of plannedImages(fleet)) labelOf(registryOf(image));
      longestNotWarm.set(fleet.longestNotWarmMs() / 1000);
      for (const [agent, count] of Object.entries(countNodes(fleet))) nodes.set({ agent }, count);
      const { granted, waiting } = granting.counts();
      permits.set({ state: 'granted' }, granted);
      permits.set({ state: 'waiting' }, waiting);
      const uses = granting.limits();
      limits.reset();
      for (const { limit, used, waiting } of uses) {
        const registry = limit.of.kind === 'Registry' ? labelOf(limit.of.name) : '';
        const labels = { limit: limit.of.kind.toLowerCase(), registry };
        limits.inc({ ...labels, is: 'allowed' }, limit.most);
        limits.inc({ ...labels, is: 'used' }, used);
        limits.inc({ ...labels, is: 'waited_for' }, waiting);
      }
      for (const [state, count] of Object.entries(countTags(tags))) movingTags.set({ state }, count);
      slowed.reset();
      for (const [registry, share] of lowestShares(registries.refusals(), labelOf)) slowed.set({ registry }, share);
      const spreading = countWaves(uses);
      for (const [state, count] of Object.entries(spreading.waves)) waves.set({ state }, count);
      for (const [state, count] of Object.entries(spreading.nodes)) waveNodes.set({ state }, count);
      for (const [state, count] of Object.entries(credentials.counts())) secrets.set({ state }, count);
      gatedNodes.set(gate?.waiting() ?? 0);
      leader.set(term.leading() ? 1 : 0);
      const state = source.read();
      gaps.set(state === undefined ? 0 : gapsOf(state).length);
      return { type: registry.contentType, text: await registry.metrics() };
    },
  };
}

const REPORT_OUTCOME: Readonly<Record<ReportOutcome, string>> = {
  Used: 'used',
  Repeated: 'repeated',
  FullDemanded: 'full_demanded',
  OlderAgent: 'older_agent',
};

function countCells(fleet: Measured['fleet']): Record<CellState, number> {
  const sum = Object.fromEntries(CELL_STATES.map(state => [state, 0])) as Record<CellState, number>;
  for (const { cohort, plan } of fleet.records()) {
    if (!cohort.applicable) continue;
    for (const { image } of plan.items) {
      const { counts } = fleet.tally(cohort, image);
      for (const state of CELL_STATES) sum[state] += counts[state];
    }
  }
  return sum;
}

function plannedImages(fleet: Measured['fleet']): ReadonlySet<ImageRef> {
  const images = new Set<ImageRef>();
  for (const { plan } of fleet.records()) for (const { image } of plan.items) images.add(image);
  return images;
}

/** By label: that of the others stands for the one of them that is slowed most. */
function lowestShares(
  refusals: ReturnType<SlowRegistries['refusals']>,
  labelOf: (registry: string) => string,
): ReadonlyMap<string, number> {
  const shares = new Map<string, number>();
  for (const { registry, speed } of refusals) {
    if (speed === undefined) continue;
    const label = labelOf(registry);
    shares.set(label, Math.min(shares.get(label) ?? 1, speed.most / speed.ranBefore));
  }
  return shares;
}

function countTags(tags: Measured['tags']): Record<'known' | 'unknown' | 'failing' | 'asked', number> {
  const sum = { known: 0, unknown: 0, failing: 0, asked: 0 };
  for (const { digest, scout, last } of tags.view()) {
    if (last?.failure !== undefined) sum.failing += 1;
    else sum[digest === undefined ? 'unknown' : 'known'] += 1;
    if (scout !== undefined) sum.asked += 1;
  }
  return sum;
}

function countWaves(uses: readonly LimitUse[]) {
  const waves = { seeding: 0, spreading: 0 };
  const nodes = { holding: 0, counted: 0, pulling: 0, stuck: 0, waiting: 0 };
  for (const { limit, used, waiting } of uses) {
    if (limit.of.kind !== 'Wave') continue;
    const { holders, fresh, stuck } = limit.of.news;
    waves[holders === 0 ? 'seeding' : 'spreading'] += 1;
    nodes.holding += holders + fresh.length;
    nodes.counted += holders;
    nodes.pulling += used;
    nodes.stuck += stuck;
    nodes.waiting += waiting;
  }
  return { waves, nodes };
}

function countNodes(fleet: Measured['fleet']): Record<'reporting' | 'silent' | 'none' | 'not_applicable', number> {
  const sum = { reporting: 0, silent: 0, none: 0, not_applicable: 0 };
  for (const { heard, silent, home } of fleet.nodes()) {
    if (heard === undefined) sum[home.cohort.applicable ? 'none' : 'not_applicable'] += 1;
    else sum[silent ? 'silent' : 'reporting'] += 1;
  }
  return sum;
}
