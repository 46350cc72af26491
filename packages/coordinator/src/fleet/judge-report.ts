import { MAX_IMAGES_PER_NODE, type NodeReport } from '@kube-prefetch/protocol';

/** Who reported last for a node, and what. */
export interface LastReport {
  readonly agent: NodeReport['agent'];
  readonly sequence: number;
  /** So long ago that any process may speak for the node now. */
  readonly lost: boolean;
  /** It came from another pod, which this one replaces. */
  readonly replaced: boolean;
  /** The plan has changed since cells were dropped: it may hold their images now. */
  readonly outdated: boolean;
  /** All that its reports add up to. */
  readonly cells: { readonly size: number };
}

export type ReportOutcome = 'Used' | 'Repeated' | 'FullDemanded' | 'OlderAgent';

/**
 * What becomes of a report.
 *
 * | last report         | report                         | outcome      |
 * | ------------------- | ------------------------------ | ------------ |
 * | none                | full                           | Used         |
 * | none                | delta                          | FullDemanded |
 * | same process        | its sequence or a lower one    | Repeated     |
 * | same process        | full, higher sequence          | Used         |
 * | same process        | delta, the next sequence       | Used         |
 * | same process        | delta, later than the next     | FullDemanded |
 * | same, cells > limit | delta                          | FullDemanded |
 * | same, outdated      | delta                          | FullDemanded |
 * | older process, lost | full                           | Used         |
 * | older process, lost | delta                          | FullDemanded |
 * | replaced pod        | full                           | Used         |
 * | replaced pod        | delta                          | FullDemanded |
 * | newer process       | any                            | OlderAgent   |
 */
export function judgeReport(last: LastReport | undefined, report: NodeReport): ReportOutcome {
  if (last === undefined || last.replaced || last.agent.id !== report.agent.id) {
    if (last !== undefined && !last.replaced && !last.lost && startedBefore(report.agent, last.agent))
      return 'OlderAgent';
    return report.full ? 'Used' : 'FullDemanded';
  }
  if (report.sequence <= last.sequence) return 'Repeated';
  if (report.full) return 'Used';
  if (last.outdated) return 'FullDemanded';
  return report.sequence === last.sequence + 1 && last.cells.size <= MAX_IMAGES_PER_NODE ? 'Used' : 'FullDemanded';
}

/** Both write their start as toISOString does, so text order is time order; ids break a tie the same way for everyone. */
function startedBefore(a: NodeReport['agent'], b: NodeReport['agent']): boolean {
  return a.startedAt === b.startedAt ? a.id < b.id : a.startedAt < b.startedAt;
}
