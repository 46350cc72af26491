import type { Cohort, CohortPlans, FleetView } from '@kube-prefetch/core';
import type { AgentPod } from '@kube-prefetch/cluster';
import type { Log } from '@kube-prefetch/process';
import { type ImageRef, MAX_BODY_BYTES, type NodeReport, type Plan } from '@kube-prefetch/protocol';
import type { Clock } from '@kube-prefetch/time';
import { agreedSize } from './tally/agreed-size.ts';
import { followPlans, longestNotWarmMs, noteCells, noteSilence, type PlanOfNode } from './tally/not-warm.ts';
import { createPlannedImages } from './planned-images.ts';
import { judgeReport, type ReportOutcome } from './judge-report.ts';
import { count, createMembership, uncount } from './membership.ts';
import type { CohortRecord, Heard, NodeRecord } from './node-record.ts';
import { answerPoll, dismissPoll, endPoll, pollPlan } from './plan-polls.ts';
import { apiErrors } from '../requests/api-errors.ts';
import { forgiveSuspension, longestPollMs, nextSilenceMs, nodesFallingSilent } from './silence.ts';
import { takeReport } from './take-report.ts';
import { pullEnds, type PullOutcome } from '../permits/index.ts';

/**
 * The table of cohorts, plans and latest reports. It lives in memory only: a new term starts with an empty one and fills
 * it from full reports.
 */
export interface Fleet extends FleetView {
  /** Starts over, for a new term. */
  open(): void;
  /** Forgets everything. Waiting polls, and every call until the next `open`, fail with ShuttingDown. */
  close(): void;
  /** Takes over what a pass computed and answers the polls of nodes whose plan changed. */
  assign(cohorts: readonly Cohort[], plans: CohortPlans, gaps: readonly string[], now: number): void;
  /** Marks nodes as silent, as `silence.ts` says. Their cells are Unknown. */
  markSilent(now: number): void;
  /** When the next node falls silent unless it gets in touch. */
  nextDueMs(now: number): number;
  /** The term has just begun, and some nodes have not reported yet or something could not be read. */
  settling(now: number): boolean;
  /** Whether plans have been assigned in this term. */
  assigned(): boolean;

  plan(node: string, have: string | undefined, waitMs: number, signal: AbortSignal): Promise<Plan | 'unchanged'>;
  /** Another pod that speaks for the node now, and was not silent for too long. */
  rivalOf(node: string, pod: AgentPod): AgentPod | undefined;
  /** Of another pod than the last report only where that one may be replaced. Throws ApiError OlderAgent. */
  report(node: string, report: NodeReport, pod?: AgentPod): Exclude<ReportOutcome, 'OlderAgent'>;
  /** Counts a body of the node, or work that costs as much. Throws ApiError where that is too much, or the node cannot be served. */
  admit(node: string, bytes: number): void;
  /** Notes that the node's agent lives. Throws ApiError where the node cannot be served. */
  contact(node: string): NodeRecord;

  /** Has the node's agent report soon: the answer has something for it. */
  callFor(node: string): void;

  /** As nodes agree on it; undefined while fewer than two hold the image. */
  sizeOf(image: ImageRef): number | undefined;
  node(name: string): NodeRecord | undefined;
  /** Of the cell that has been asked for and not warm for longest, as far as this term saw it; 0: there is none. */
  longestNotWarmMs(): number;
  /** Whether its agent has reported a pull that runs. */
  isPulling(node: string): boolean;
  nodes(): Iterable<NodeRecord>;
  records(): Iterable<CohortRecord>;
}

export interface FleetParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly silentAfterMs: number;
  /** Called when the next pass would see something new. */
  readonly changed: () => void;
  /** Called for each pull that a report tells the end of. */
  readonly pullEnded: (node: string, image: ImageRef, end: PullOutcome) => void;
  /** Called for each cell that became warm, with the time since it was first asked for, where that is known. */
  readonly becameWarm: (afterMs: number) => void;
}

/** What one node may send in the long run: a report costs about 10 ms for each MiB. */
const BYTES_PER_MS = 1_024;
/** What a request costs besides its bytes, and what unzipping it does. */
const REQUEST_BYTES = 64 * 1_024;
/** Two of the largest reports at once, zipped, as after a change of leader. */
const BURST_MS = (2 * (MAX_BODY_BYTES + 2 * REQUEST_BYTES)) / BYTES_PER_MS;

export function createFleet({ clock, log, silentAfterMs, changed, pullEnded, becameWarm }: FleetParts): Fleet {
  const members = createMembership();
  const images = createPlannedImages();
  let phase: 'unread' | 'assigned' | 'closed' = 'unread';
  let gaps: readonly string[] = [];
  /** Before then a node may not have reported because the term has just begun. */
  let settledMs = Infinity;
  /** When the first node falls silent, as the last pass computed it. */
  let dueMs = Infinity;

  const known = (name: string): NodeRecord => {
    if (phase === 'closed') throw apiErrors.shuttingDown();
    const node = members.nodes.get(name);
    if (node !== undefined) return node;
    if (phase === 'unread') throw apiErrors.notRead();
    throw gaps.length > 0 ? apiErrors.perhapsNotRead(name, gaps) : apiErrors.unknownNode(name, members.nodes.size);
  };

  const isLost = ({ atMs }: Heard) => clock.monotonicMs() - atMs >= silentAfterMs;

  const contact = (name: string): NodeRecord => {
    const node = known(name);
    node.contactMs = clock.monotonicMs();
    if (node.silent) {
      setSilent(node, false);
      changed();
    }
    return node;
  };

  return {
    open() {
      for (const node of members.clear()) dismissPoll(node, apiErrors.shuttingDown());
      images.clear();
      phase = 'unread';
      gaps = [];
      settledMs = Infinity;
      dueMs = Infinity;
    },
    close() {
      phase = 'closed';
      for (const node of members.clear()) dismissPoll(node, apiErrors.shuttingDown());
    },
    assign(cohorts, plans, newGaps, now) {
      const sawAll = phase === 'assigned' && gaps.length === 0;
      gaps = newGaps;
      for (const node of members.assign(cohorts, plans, now)) dismissPoll(node, apiErrors.nodeLeft(node.name));
      for (const node of members.nodes.values()) answerPoll(node);
      images.keepOnly(plans.values());
      followPlans(plansOf(members.nodes.values()), sawAll, now);
      if (phase === 'unread') settledMs = now + silentAfterMs;
      phase = 'assigned';
    },
    markSilent(now) {
      forgiveSuspension(members.nodes.values(), { dueMs, silentAfterMs }, now);
      const fallen = nodesFallingSilent(members.nodes.values(), silentAfterMs, now);
      if (fallen.length === 0) return;
      for (const node of fallen) {
        noteSilence(node);
        setSilent(node, true);
      }
      const missed = fallen.filter(isExpected);
      if (missed.length === 0) return;
      const examples = missed.slice(0, 3).map(node => node.name);
      log.warn({ nodes: missed.length, examples, silentAfterMs }, 'nodes fell silent');
    },
    nextDueMs(now) {
      dueMs = nextSilenceMs(members.nodes.values(), silentAfterMs);
      return now < settledMs ? Math.min(dueMs, settledMs) : dueMs;
    },
    settling: now =>
      now < settledMs &&
      (gaps.length > 0 || members.nodes.values().some(node => node.heard === undefined && isExpected(node))),
    assigned: () => phase === 'assigned',

    plan: async (name, have, waitMs, signal) =>
      pollPlan(contact(name), { have, waitMs: Math.min(waitMs, longestPollMs(silentAfterMs)), clock, signal }),
    rivalOf(name, pod) {
      const { heard } = known(name);
      if (heard?.pod === undefined || heard.pod.uid === pod.uid || isLost(heard)) return undefined;
      return heard.pod;
    },
    report(name, report, pod) {
      const node = contact(name);
      const now = clock.monotonicMs();
      const { heard } = node;
      const lost = heard !== undefined && isLost(heard);
      const replaced = heard?.pod !== undefined && pod !== undefined && heard.pod.uid !== pod.uid;
      const outdated = heard?.keptFor !== undefined && heard.keptFor !== node.home.plan.revision;
      const outcome = judgeReport(heard && { ...heard, lost, outdated, replaced }, report);
      if (outcome === 'OlderAgent') throw apiErrors.olderAgent(name, report.agent, node.heard?.agent);
      if (outcome === 'Used') {
        for (const { image, end } of pullEnds(node.heard?.cells, report.cells)) pullEnded(name, image, end);
        for (const afterMs of noteCells(node, report.cells, now)) becameWarm(afterMs);
        takeReport(node, report, pod, images, now);
        if (report.full || report.cells.length > 0 || report.gone.length > 0) changed();
      }
      return outcome;
    },
    admit(name, bytes) {
      const node = known(name);
      const now = clock.monotonicMs();
      const untilMs = Math.max(node.sentUntilMs, now) + (REQUEST_BYTES + bytes) / BYTES_PER_MS;
      if (untilMs > now + BURST_MS) throw apiErrors.tooMuch(name);
      node.sentUntilMs = untilMs;
    },
    contact,
    callFor(name) {
      const node = members.nodes.get(name);
      if (node !== undefined) endPoll(node);
    },

    sizeOf: image => agreedSize(members.cohorts.values().map(({ tally }) => tally.sizes(image))),
    node: name => members.nodes.get(name),
    longestNotWarmMs: () => longestNotWarmMs(members.nodes.values(), clock.monotonicMs()),
    isPulling: name =>
      members.nodes
        .get(name)
        ?.heard?.cells.values()
        .some(({ state }) => state === 'Pulling') ?? false,
    nodes: () => members.nodes.values(),
    records: () => members.cohorts.values(),
    cohorts: () => [...members.cohorts.values()].map(record => record.cohort),
    tally(cohort, image) {
      const record = members.cohorts.get(cohort.key);
      if (record === undefined) throw new Error(`the fleet has no cohort ${cohort.key}`);
      return record.tally.read(image, record.cohort.nodes.length, record.silentNodes);
    },
    agentless({ key, nodes }) {
      const count = members.cohorts.get(key)?.silentNodes ?? 0;
      if (count === 0) return { count, examples: [] };
      return {
        count,
        examples: [
          ...nodes
            .values()
            .filter(name => members.nodes.get(name)?.silent)
            .take(3),
        ],
      };
    },
  };
}

function* plansOf(nodes: Iterable<NodeRecord>): Generator<readonly [NodeRecord, PlanOfNode]> {
  for (const node of nodes) yield [node, { plan: node.home.plan, applicable: node.home.cohort.applicable }];
}

/** Whether an agent should report for it. */
function isExpected({ heard, home }: NodeRecord): boolean {
  return heard !== undefined || home.cohort.applicable;
}

function setSilent(node: NodeRecord, silent: boolean): void {
  uncount(node);
  node.silent = silent;
  count(node);
}
