import type { PrefetchStatus } from '@kube-prefetch/protocol';
import type { CONDITION_REASONS } from './reasons.ts';

/** In the order in which kainlite/kubernetes-prefetch-operator names them. */
type TechsquadPhase = 'PENDING' | 'RUNNING' | 'FAILED';

/**
 * That operator is RUNNING once it has found an image and a node, and stays so: it looks again for ever. It never says that all is
 * there, and of what it could not pull it says nothing.
 *
 * | Warm, here                                   | phase    |
 * | -------------------------------------------- | -------- |
 * | nothing to pull, or nowhere                  | PENDING  |
 * | something cannot be pulled, or is not asked for | FAILED |
 * | everything else, all present as well         | RUNNING  |
 */
const PHASES: Readonly<Partial<Record<keyof (typeof CONDITION_REASONS)['Warm'], TechsquadPhase>>> = {
  NoImages: 'PENDING',
  NoNodes: 'PENDING',
  NotAccepted: 'FAILED',
  Failing: 'FAILED',
  PlanFull: 'FAILED',
  BeyondLimits: 'FAILED',
};

/** What `status.phase` of a Prefetch of cache.techsquad.rocks/v1 says where ours would have this status. */
export function techsquadPhase({ conditions }: PrefetchStatus): TechsquadPhase {
  const reason = conditions.find(({ type }) => type === 'Warm')?.reason;
  return PHASES[reason as keyof typeof PHASES] ?? 'RUNNING';
}
