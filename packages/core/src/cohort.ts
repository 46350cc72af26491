import type { Plan } from '@kube-prefetch/protocol';
import type { Ask } from './ask.ts';

/** The nodes that the same asks reach and that are in the same condition; they share a plan. */
export interface Cohort {
  /** Stable across reads as long as asks and condition stay: a hash. */
  readonly key: string;
  readonly asks: readonly Ask[];
  /** Sorted. */
  readonly nodes: readonly string[];
  /** Why nothing may start on them now. */
  readonly held: string | undefined;
  /** False: their cells do not hold back Warm. */
  readonly ready: boolean;
  readonly runtimeVersion: string | undefined;
}

/** By cohort key. */
export type CohortPlans = ReadonlyMap<string, Plan>;
