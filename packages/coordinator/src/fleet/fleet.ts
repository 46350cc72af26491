import type { Cohort, CohortPlans, FleetView } from '@kube-prefetch/core';
import { ApiError, type ImageRef, type NodeReport, type Plan } from '@kube-prefetch/protocol';
import type { Log } from '@kube-prefetch/process';
import type { Clock } from '@kube-prefetch/time';
import { holdOpen } from '../hold-open.ts';
import { createImageSizes } from './image-sizes.ts';
import { judgeReport, type ReportVerdict } from './judge-report.ts';
import { count, createMembership, uncount } from './membership.ts';
import type { CohortRecord, NodeRecord } from './node-record.ts';
import { takeReport } from './take-report.ts';

/**
 * The table of cohorts, plans and latest reports. It lives in memory only: a new term starts with an empty one and fills
 * it from full reports.
 */
export interface Fleet extends FleetView {
  /** Starts over, for a new term. */
  open(): void;
  /** Fails every waiting poll, and every call until the next `open`, with ShuttingDown. */
  close(): void;
  /** Takes over what a pass computed and answers the polls of nodes whose plan changed. */
  assign(cohorts: readonly Cohort[], plans: CohortPlans, gaps: readonly string[], now: number): void;
  /** Makes Unknown the cells of nodes that were not in contact for the silence. */
  markSilent(now: number): void;
  /** When the next node falls silent unless it gets in touch. */
  nextDueMs(now: number): number;
  /** The term is young and some nodes have not reported in it: that their cells are Unknown says nothing about them yet. */
  settling(now: number): boolean;
  assigned(): boolean;

  plan(node: string, have: string | undefined, waitMs: number, signal: AbortSignal): Promise<Plan | 'unchanged'>;
  /** Throws ApiError OlderAgent. */
  report(node: string, report: NodeReport): Exclude<ReportVerdict, 'OlderAgent'>;
  /** Notes that the node's agent lives. Throws ApiError where the node cannot be served. */
  contact(node: string): NodeRecord;

  /** As the largest report had it; undefined while no node holds the image. */
  sizeOf(image: ImageRef): number | undefined;
  nodes(): Iterable<NodeRecord>;
  records(): Iterable<CohortRecord>;
}

export interface FleetParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly silentAfterMs: number;
  /** Called when what a pass would see has changed. */
  readonly changed: () => void;
}

export function createFleet({ clock, log, silentAfterMs, changed }: FleetParts): Fleet {
  const members = createMembership();
  const sizes = createImageSizes();
  let phase: 'unread' | 'assigned' | 'closed' = 'unread';
  let gaps: readonly string[] = [];
  /** Until then a node may be unheard of because the term is young. */
  let settledMs = Infinity;
  /** A poll is answered early enough for a living agent to come back within the silence. */
  const longestPollMs = silentAfterMs * 0.75;

  const known = (name: string): NodeRecord => {
    if (phase === 'closed') throw new ApiError('ShuttingDown', 'this coordinator is stopping; ask again');
    const node = members.nodes.get(name);
    if (node !== undefined) return node;
    if (phase === 'unread') {
      throw new ApiError('NotReady', 'the coordinator has not read the cluster yet; try again in a moment');
    }
    if (gaps.length > 0) {
      throw new ApiError(
        'NotReady',
        `the coordinator does not know a node ${JSON.stringify(name)}, but could not read everything`,
        {
          details: gaps,
        },
      );
    }
    throw new ApiError(
      'UnknownNode',
      `no node ${JSON.stringify(name)} among the ${members.nodes.size} of the cluster; check the agent's node name`,
    );
  };

  const contact = (name: string): NodeRecord => {
    const node = known(name);
    node.contactMs = clock.monotonicMs();
    if (node.silent) {
      uncount(node);
      node.silent = false;
      count(node);
      changed();
    }
    return node;
  };

  const dismiss = (nodes: Iterable<NodeRecord>, why: (node: NodeRecord) => ApiError) => {
    for (const node of nodes) {
      node.poll?.request.fail(why(node));
      node.poll = undefined;
    }
  };

  const shuttingDown = () => new ApiError('ShuttingDown', 'this coordinator is stopping; ask again');

  return {
    open() {
      dismiss(members.clear(), shuttingDown);
      sizes.clear();
      phase = 'unread';
      gaps = [];
    },
    close() {
      dismiss(members.nodes.values(), shuttingDown);
      phase = 'closed';
    },
    assign(cohorts, plans, newGaps, now) {
      gaps = newGaps;
      const left = members.assign(cohorts, plans, now);
      dismiss(left, node => new ApiError('UnknownNode', `the node ${JSON.stringify(node.name)} has left the cluster`));
      for (const node of members.nodes.values()) {
        if (node.poll === undefined || node.poll.have === node.home.plan.revision) continue;
        node.poll.request.answer(node.home.plan);
        node.poll = undefined;
      }
      sizes.keepOnly(plans.values());
      if (phase === 'unread') settledMs = now + silentAfterMs;
      phase = 'assigned';
    },
    markSilent(now) {
      const fallen = [...members.nodes.values()].filter(node => !node.silent && now - node.contactMs >= silentAfterMs);
      for (const node of fallen) {
        uncount(node);
        node.silent = true;
        if (node.heard !== undefined) node.heard.lost = true;
        count(node);
      }
      if (fallen.length > 0) {
        const examples = fallen.slice(0, 3).map(node => node.name);
        log.warn({ nodes: fallen.length, examples, silentAfterMs }, 'nodes fell silent');
      }
    },
    nextDueMs(now) {
      let dueMs = now < settledMs ? settledMs : Infinity;
      for (const node of members.nodes.values()) {
        if (!node.silent) dueMs = Math.min(dueMs, node.contactMs + silentAfterMs);
      }
      return dueMs;
    },
    settling: now => now < settledMs && members.nodes.values().some(node => node.heard === undefined),
    assigned: () => phase === 'assigned',

    async plan(name, have, waitMs, signal) {
      const node = contact(name);
      if (node.home.plan.revision !== have) return node.home.plan;
      if (waitMs <= 0) return 'unchanged';
      node.poll?.request.fail(
        new ApiError('Overloaded', `a later poll of node ${JSON.stringify(name)} took this one's place`),
      );
      const request = holdOpen<Plan | 'unchanged'>(clock, Math.min(waitMs, longestPollMs), signal, () => 'unchanged');
      const poll = { have, request };
      node.poll = poll;
      try {
        return await request.answered;
      } finally {
        if (node.poll === poll) node.poll = undefined;
      }
    },
    report(name, report) {
      const node = contact(name);
      const verdict = judgeReport(node.heard, report);
      if (verdict === 'OlderAgent') throw olderAgent(name, report, node);
      if (verdict === 'Used') {
        takeReport(node, report, clock.monotonicMs());
        sizes.learn(report.cells);
        changed();
      }
      return verdict;
    },
    contact,

    sizeOf: sizes.of,
    nodes: () => members.nodes.values(),
    records: () => members.cohorts.values(),
    cohorts: () => [...members.cohorts.values()].map(record => record.cohort),
    tally(cohort, image) {
      const record = members.cohorts.get(cohort.key);
      if (record === undefined) throw new Error(`the fleet has no cohort ${cohort.key}`);
      return record.tally.read(image, record.cohort.nodes.length, record.silentNodes);
    },
  };
}

function olderAgent(name: string, report: NodeReport, node: NodeRecord): ApiError {
  const newer = node.heard?.agent;
  return new ApiError(
    'OlderAgent',
    `agent ${report.agent.id} of node ${JSON.stringify(name)}, started ${report.agent.startedAt}, ` +
      `was replaced by ${newer?.id}, started ${newer?.startedAt}; it should exit`,
  );
}
