import type { NodeReport } from '@kube-prefetch/protocol';

/** Who spoke last for a node, and what was its last word. */
export interface LastWord {
  readonly agent: NodeReport['agent'];
  readonly sequence: number;
  /** The node fell silent since: whoever speaks next may speak for it, whatever its wall clock says. */
  readonly lost: boolean;
}

export type ReportVerdict = 'Used' | 'Repeated' | 'FullDemanded' | 'OlderAgent';

/**
 * What becomes of a report.
 *
 * | last word           | report                         | verdict      |
 * | ------------------- | ------------------------------ | ------------ |
 * | none                | full                           | Used         |
 * | none                | delta                          | FullDemanded |
 * | same process        | its sequence or a lower one    | Repeated     |
 * | same process        | full, higher sequence          | Used         |
 * | same process        | delta, the next sequence       | Used         |
 * | same process        | delta, later than the next     | FullDemanded |
 * | older process, lost | full                           | Used         |
 * | older process, lost | delta                          | FullDemanded |
 * | newer process       | any                            | OlderAgent   |
 */
export function judgeReport(last: LastWord | undefined, report: NodeReport): ReportVerdict {
  if (last === undefined || last.agent.id !== report.agent.id) {
    if (last !== undefined && !last.lost && startedBefore(report.agent, last.agent)) return 'OlderAgent';
    return report.full ? 'Used' : 'FullDemanded';
  }
  if (report.sequence <= last.sequence) return 'Repeated';
  return report.full || report.sequence === last.sequence + 1 ? 'Used' : 'FullDemanded';
}

/** Both write their start as toISOString does, so text order is time order; ids break a tie the same way for everyone. */
function startedBefore(a: NodeReport['agent'], b: NodeReport['agent']): boolean {
  return a.startedAt === b.startedAt ? a.id < b.id : a.startedAt < b.startedAt;
}
