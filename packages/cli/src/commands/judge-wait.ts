import { type FailureKind, isPermanent, type PrefetchStatus } from '@kube-prefetch/protocol';

/** `warm`, or a share of the images that must be present, from 1 to 100. */
export type WaitGoal = 'warm' | number;

export type WaitVerdict =
  | { readonly is: 'reached' }
  | { readonly is: 'waiting'; readonly because: string }
  /** As things are it will not be: a sentence each. */
  | { readonly is: 'never'; readonly because: readonly string[] };

/**
 * Whether a resource is where it should be. `generation`: of the spec that the API server has; an older status says nothing about it.
 *
 * | status                                                       | verdict |
 * | ------------------------------------------------------------ | ------- |
 * | of an older generation                                       | waiting |
 * | not accepted                                                 | never   |
 * | Warm, or enough present                                      | reached |
 * | images that cannot be pulled as they are keep it from there  | never   |
 * | it asks for what it may not have, and has all the rest       | never   |
 * | anything else                                                | waiting |
 */
export function judgeWait(status: PrefetchStatus, goal: WaitGoal, generation: number | undefined): WaitVerdict {
  const condition = (type: string) => status.conditions.find(found => found.type === type);
  if (generation !== undefined && status.observedGeneration < generation)
    return { is: 'waiting', because: 'the coordinator has not read the latest change yet' };
  const accepted = condition('Accepted');
  if (accepted?.status === 'False') return { is: 'never', because: [`it is not accepted: ${accepted.message}`] };
  const warm = condition('Warm');
  const { present, cells } = status.summary;
  if (warm?.status === 'True') return { is: 'reached' };
  const needed = goal === 'warm' ? cells : Math.ceil((cells * goal) / 100);
  // Without cells Warm alone knows whether that is right; it says why not.
  if (goal !== 'warm' && cells > 0 && present >= needed && condition('Ready')?.status === 'True')
    return { is: 'reached' };
  const { pulling, waiting, unknown, failed } = status.summary;
  if (warm?.reason === 'BeyondLimits' && pulling + waiting + unknown + failed === 0)
    return { is: 'never', because: [warm.message] };
  const broken = status.failures.filter(({ reason }) => isPermanent(reason as FailureKind));
  const lost = broken.reduce((sum, { nodes }) => sum + nodes, 0);
  if (lost > 0 && cells - lost < needed)
    return {
      is: 'never',
      because: broken.map(
        ({ image, reason, message, nodes, examples }) =>
          `${image} cannot become warm on ${nodes === 1 ? (examples[0] ?? 'a node') : `${nodes} nodes such as ${examples[0]}`}: ${reason}: ${message}`,
      ),
    };
  return { is: 'waiting', because: warm?.message ?? 'there is no status yet' };
}
