import Type, { type Static } from 'typebox';
import { CELL_STATES } from '../cell.ts';
import { PrefetchStatus, ResourceRef } from '../resources/status.ts';
import { CellReport, RuntimeReport } from './report.ts';

/** `NotApplicable`: none reports, and the agents' DaemonSet leaves the node out. */
export const AGENT_STATES = ['Reporting', 'Silent', 'None', 'NotApplicable'] as const;

const CellCounts = Type.Object(
  Object.fromEntries(CELL_STATES.map(state => [state, Type.Integer({ minimum: 0 })])) as Record<
    (typeof CELL_STATES)[number],
    ReturnType<typeof Type.Integer>
  >,
);

export const NodeOverview = Type.Object({
  name: Type.String(),
  agent: Type.Enum([...AGENT_STATES]),
  /** Since the last report; absent where the agent never reported to this coordinator. */
  reportAgeMs: Type.Optional(Type.Integer({ minimum: 0 })),
  held: Type.Optional(Type.String()),
  runtime: Type.Optional(RuntimeReport),
  planRevision: Type.String(),
  reportedRevision: Type.Optional(Type.String()),
  cells: CellCounts,
});
export type NodeOverview = Static<typeof NodeOverview>;

/** What is warm where, in one page: cells are counted here and listed per node or image. */
export const Overview = Type.Object({
  epoch: Type.Integer(),
  /** What could not be read; empty: the plans are complete. */
  gaps: Type.Array(Type.String()),
  resources: Type.Array(Type.Object({ resource: ResourceRef, status: PrefetchStatus })),
  nodes: Type.Array(NodeOverview),
});
export type Overview = Static<typeof Overview>;

/** One node with every cell, and for each image the sentence that says who asks for it there. */
export const NodeView = Type.Object({
  ...NodeOverview.properties,
  images: Type.Array(
    Type.Object({ image: Type.String(), cell: Type.Optional(CellReport), because: Type.Array(Type.String()) }),
  ),
});
export type NodeView = Static<typeof NodeView>;

/** One image on every node, with the verdict's sentence for each, also where the verdict is No. */
export const ImageView = Type.Object({
  image: Type.String(),
  nodes: Type.Array(
    Type.Object({ node: Type.String(), cell: Type.Optional(CellReport), because: Type.Array(Type.String()) }),
  ),
});
export type ImageView = Static<typeof ImageView>;
