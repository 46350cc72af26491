import type { LookFailureKind } from '@kube-prefetch/protocol';

/** Nodes that are asked for one look. */
const MAX_SCOUTS = 3;

/**
 * What a look that failed means. Nothing that is wanted changes in any case.
 *
 * | failure                                           | another node                                                |
 * | ------------------------------------------------- | ----------------------------------------------------------- |
 * | NotFound, RateLimited, InvalidReference           | would be told the same                                      |
 * | Unauthorized                                      | may have other credentials of its own                       |
 * | RegistryUnavailable: away, or the node's network  | may reach it                                                |
 * | any other, and no answer in time                  | may do better                                               |
 */
export function mayAnotherAnswer(kind: LookFailureKind, tried: number): boolean {
  return tried < MAX_SCOUTS && kind !== 'NotFound' && kind !== 'RateLimited' && kind !== 'InvalidReference';
}
