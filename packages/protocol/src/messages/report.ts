import Type, { type Static } from 'typebox';
import { CELL_STATES, FAILURE_KINDS, PULL_PHASES, WAIT_REASONS } from '../cell.ts';
import {
  DigestSchema,
  ImageRefSchema,
  MAX_IMAGES_PER_NODE,
  MAX_LOOKS_PER_NODE,
  MAX_MESSAGE_LENGTH,
  Timestamp,
} from '../shared-fields.ts';

export const Failure = Type.Object({
  kind: Type.Enum([...FAILURE_KINDS]),
  /** Scrubbed of credentials before it left the runtime package. */
  message: Type.String({ maxLength: MAX_MESSAGE_LENGTH }),
});
export type Failure = Static<typeof Failure>;

export const CellReport = Type.Object({
  image: ImageRefSchema,
  state: Type.Enum([...CELL_STATES]),
  since: Timestamp,
  /** Of Missing, Waiting and Stale. */
  waitingFor: Type.Optional(Type.Enum([...WAIT_REASONS])),
  /** With Credentials: which cannot be had, and why. */
  waitingBecause: Type.Optional(Type.String({ maxLength: MAX_MESSAGE_LENGTH })),
  /** The last failure, until a pull succeeds: of Failed and Stale, and of a Pulling that tries again. */
  failure: Type.Optional(Failure),
  /** With a failure: when the first of its kind came since the image was last Present, whatever was tried in between. */
  failingSince: Type.Optional(Timestamp),
  /** Failed pulls in a row. */
  attempts: Type.Optional(Type.Integer({ minimum: 0 })),
  /** When a Failed or Stale one is tried again. */
  nextTry: Type.Optional(Timestamp),
  /** Of Present: as the runtime counts it (containerd: compressed, Docker: unpacked). */
  sizeBytes: Type.Optional(Type.Integer({ minimum: 0 })),
  /** Of Present and Stale: the repository digests. */
  digests: Type.Optional(Type.Array(Type.String({ maxLength: 600 }), { maxItems: 32 })),
  /** The running pull, or the one that made it present. */
  pull: Type.Optional(
    Type.Object({
      elapsedMs: Type.Integer({ minimum: 0 }),
      doneBytes: Type.Optional(Type.Integer({ minimum: 0 })),
      totalBytes: Type.Optional(Type.Integer({ minimum: 0 })),
      /** Of Pulling: absent until the runtime has found the layers, and with one that does not tell, such as CRI-O. */
      phase: Type.Optional(Type.Enum([...PULL_PHASES])),
      /** Of Present, the name of the credential that it was pulled with: `secret shop/regcred`. */
      credential: Type.Optional(Type.String({ maxLength: MAX_MESSAGE_LENGTH })),
    }),
  ),
});
export type CellReport = Static<typeof CellReport>;

export const RuntimeReport = Type.Object({
  /** Absent until the runtime has answered once. */
  name: Type.Optional(Type.String({ maxLength: 64 })),
  version: Type.Optional(Type.String({ maxLength: 64 })),
  /** RuntimeUnavailable or RuntimeMismatch: then every cell is Unknown. */
  failure: Type.Optional(Failure),
  /** True where the node's agent cannot see how full the file system of the images is, and keeps no disk limit. */
  diskUnseen: Type.Optional(Type.Boolean()),
});
export type RuntimeReport = Static<typeof RuntimeReport>;

/** What one node holds, is pulling, or failed at, and why. */
export const NodeReport = Type.Object({
  /** Which agent process speaks: of two that claim one node the later started wins. */
  agent: Type.Object({
    id: Type.String({ minLength: 1, maxLength: 64 }),
    startedAt: Timestamp,
    version: Type.String({ maxLength: 64 }),
  }),
  /** Counts up by one per report of this process, from 1; a repeated number is a repeated report. */
  sequence: Type.Integer({ minimum: 1 }),
  /** True: `cells` is everything. False: what changed since the report before, which must have been acknowledged. */
  full: Type.Boolean(),
  /** The plan that the cells answer; absent before the first plan. */
  planRevision: Type.Optional(Type.String({ maxLength: 128 })),
  runtime: RuntimeReport,
  cells: Type.Array(CellReport, { maxItems: MAX_IMAGES_PER_NODE }),
  /** Images that left the plan since the report before; empty in a full report. */
  gone: Type.Array(ImageRefSchema, { maxItems: MAX_IMAGES_PER_NODE }),
  /** What tags that the node was asked about stand for in their registry, or why nobody can tell. */
  looked: Type.Optional(
    Type.Array(
      Type.Object({
        image: ImageRefSchema,
        digest: Type.Optional(DigestSchema),
        failure: Type.Optional(Failure),
      }),
      { maxItems: MAX_LOOKS_PER_NODE },
    ),
  ),
});
export type NodeReport = Static<typeof NodeReport>;

export const ReportAnswer = Type.Object({
  /** The coordinator's term; a new one knows nothing yet. */
  epoch: Type.Integer({ minimum: 0 }),
  /** True: this report was not used, send everything. */
  sendFull: Type.Boolean(),
  /** Tags that this node is to look up in their registry, until it has told what they stand for. */
  looks: Type.Optional(Type.Array(ImageRefSchema, { maxItems: MAX_LOOKS_PER_NODE })),
});
export type ReportAnswer = Static<typeof ReportAnswer>;
