import type { AgentPod } from '@kube-prefetch/cluster';
import type { Cohort } from '@kube-prefetch/core';
import type { NodeOverview, NodeReport, Plan } from '@kube-prefetch/protocol';
import type { WaitingRequest } from '../requests/waiting-request.ts';
import type { CohortTally } from './tally/cohort-tally.ts';
import type { NotWarm } from './tally/not-warm.ts';
import type { LastReport } from './judge-report.ts';
import type { NodeCells } from './node-cells.ts';

/** A cohort with the plan and the counts of its nodes. */
export interface CohortRecord {
  /** As the last pass made it. */
  cohort: Cohort;
  plan: Plan;
  readonly tally: CohortTally;
  silentNodes: number;
}

/** What the coordinator knows of one node. */
export interface NodeRecord {
  readonly name: string;
  home: CohortRecord;
  /** Monotonic; of the last request, or of when the node was first seen. */
  contactMs: number;
  /** As `silence.ts` says: its cells are Unknown, whatever it reported last. */
  silent: boolean;
  /** Monotonic: until when the bodies that it sent use up what it may send in the long run. */
  sentUntilMs: number;
  heard: Heard | undefined;
  readonly notWarm: NotWarm;
  poll: PlanPoll | undefined;
}

/** The sum of a node's reports. */
export interface Heard extends Omit<LastReport, 'lost' | 'outdated' | 'replaced'> {
  /** Whose reports they are, where that is known. */
  readonly pod: AgentPod | undefined;
  readonly atMs: number;
  readonly planRevision: string | undefined;
  readonly runtime: NodeReport['runtime'];
  readonly cells: NodeCells;
  /** The plan's revision at a report that also named images outside of the plan, which were dropped. */
  readonly keptFor: string | undefined;
}

export interface PlanPoll {
  readonly have: string | undefined;
  readonly request: WaitingRequest<Plan | 'unchanged'>;
}

export function agentOf({ heard, silent, home }: NodeRecord): NodeOverview['agent'] {
  if (heard === undefined) return home.cohort.applicable ? 'None' : 'NotApplicable';
  return silent ? 'Silent' : 'Reporting';
}
