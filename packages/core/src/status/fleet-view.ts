import type { CellState, Failure, ImageRef } from '@kube-prefetch/protocol';
import type { Cohort } from '../plans/group-nodes.ts';

/** What the coordinator's fleet lets decisions see: counts per cohort and image, never a list of cells. */
export interface FleetView {
  cohorts(): readonly Cohort[];
  /** The same object as long as it says the same. */
  tally(cohort: Cohort, image: ImageRef): CellTally;
  /** Those of the cohort whose agent never reported to this coordinator or fell silent. */
  agentless(cohort: Cohort): Named;
}

/** Nodes or images: how many, and some of them. */
export interface Named {
  readonly count: number;
  /** Up to three. */
  readonly examples: readonly string[];
}

/** The cells of one image over one cohort. The counts add up to the cohort's nodes. */
export interface CellTally {
  readonly counts: Readonly<Record<CellState, number>>;
  /** Of them, on nodes whose agent never reported to this coordinator or fell silent; counted under Unknown. */
  readonly noAgent: number;
  readonly failures: readonly FailureTally[];
  readonly digestSets: readonly DigestSet[];
}

/** Repository digests that Present and Stale cells name together, and how many of them do. */
export interface DigestSet {
  readonly digests: readonly string[];
  readonly nodes: number;
}

export interface FailureTally {
  readonly failure: Failure;
  readonly nodes: number;
  /** Up to three, sorted. */
  readonly examples: readonly string[];
  /** The oldest, RFC 3339. */
  readonly since: string;
}
