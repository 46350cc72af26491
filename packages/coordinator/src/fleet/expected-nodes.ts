import { type ClusterState, expectResources, type Node, NOTHING_SEEN } from '@kube-prefetch/core';

/** Keeps what nodes had of their extended resources, from pass to pass and from term to term. */
export interface ExpectedNodes {
  /** Takes in what the nodes have now, and returns them with what they count as having. */
  note(state: ClusterState, now: number): readonly Node[];
  /** The same nodes for a caller that only looks. */
  view(state: ClusterState, now: number): readonly Node[];
}

export interface ExpectedNodesParts {
  readonly graceMs: number;
  readonly isPulling: (node: string) => boolean;
}

export function createExpectedNodes(parts: ExpectedNodesParts): ExpectedNodes {
  let seen = NOTHING_SEEN;
  const expect = (state: ClusterState, now: number) => expectResources(state, seen, parts, now);
  return {
    note(state, now) {
      const expected = expect(state, now);
      seen = expected.seen;
      return expected.nodes;
    },
    view: (state, now) => expect(state, now).nodes,
  };
}
