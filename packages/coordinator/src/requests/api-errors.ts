import type { AgentPod } from '@kube-prefetch/cluster';
import { ApiError, type NodeReport } from '@kube-prefetch/protocol';

/** Why an agent is not served, in words that help whoever reads its log. */
export const apiErrors = {
  shuttingDown: () => new ApiError('ShuttingDown', 'this coordinator is stopping, or leads no longer; ask again'),

  /** A process that has led is about to stop, or does not know its successor yet. */
  notLeading: (leader: string | undefined, hasLed: boolean, leaderPod?: string) => {
    if (leader !== undefined)
      return new ApiError('NotLeader', `the coordinator at ${leader} leads`, { leader, leaderPod });
    return hasLed
      ? apiErrors.shuttingDown()
      : new ApiError('NotLeader', 'this coordinator does not lead, and does not know yet who does');
  },

  notRead: () => new ApiError('NotReady', 'the coordinator has not read the cluster yet; try again in a moment'),

  perhapsNotRead: (node: string, gaps: readonly string[]) =>
    new ApiError('NotReady', `no node ${JSON.stringify(node)} is known, but not everything could be read`, {
      details: gaps,
    }),

  unknownNode: (node: string, nodes: number) =>
    new ApiError(
      'UnknownNode',
      `no node ${JSON.stringify(node)} among the ${nodes} of the cluster; names are compared exactly`,
    ),

  nodeLeft: (node: string) => new ApiError('UnknownNode', `the node ${JSON.stringify(node)} has left the cluster`),

  laterPoll: (node: string) =>
    new ApiError('Overloaded', `a later poll of the node ${JSON.stringify(node)} took this one's place`),

  tooMuch: (node: string) =>
    new ApiError(
      'Overloaded',
      `the node ${JSON.stringify(node)} sends more than it may in the long run; try again later`,
    ),

  olderPod: (node: string, older: AgentPod, newer: AgentPod) =>
    new ApiError(
      'OlderAgent',
      `pod ${older.name} of the node ${JSON.stringify(node)} is gone or older than ${newer.name}, which speaks for the node; it should exit`,
    ),

  olderAgent: (node: string, older: NodeReport['agent'], newer: NodeReport['agent'] | undefined) =>
    new ApiError(
      'OlderAgent',
      `agent ${older.id} of the node ${JSON.stringify(node)}, started ${older.startedAt}, was replaced by ` +
        `${newer?.id}, started ${newer?.startedAt}; the older one should exit`,
    ),
};
