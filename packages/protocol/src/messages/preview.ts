import Type, { type Static } from 'typebox';
import { ResourceRef } from '../resources/status.ts';

/** A spec holds at most 500 images and 32 selectors; with room for what `kubectl get -o yaml` adds. */
export const MAX_PREVIEW_BYTES = 1_024 * 1_024;

export const PreviewRequest = Type.Object({
  /** A Prefetch or ClusterPrefetch as a person wrote it. */
  resource: Type.Unknown(),
});
export type PreviewRequest = Static<typeof PreviewRequest>;

const count = () => Type.Integer({ minimum: 0 });

/** Nodes about which the same sentence is true. */
export const NodeGroup = Type.Object({
  sentence: Type.String(),
  nodes: count(),
  /** Up to three, by name. */
  examples: Type.Array(Type.String()),
});
export type NodeGroup = Static<typeof NodeGroup>;

export const PreviewImage = Type.Object({
  image: Type.String(),
  /** As nodes that hold it agree on; absent where fewer than two do. */
  sizeBytes: Type.Optional(count()),
  /** Nodes that are known to hold it. */
  present: count(),
  /** Nodes that would pull it, unless they hold it without our knowing. */
  pull: count(),
  /** Up to three of these. */
  examples: Type.Array(Type.String()),
  /** Of `pull`, nodes where its namespace may take no more bytes: nothing would start there. */
  beyondBytes: count(),
});
export type PreviewImage = Static<typeof PreviewImage>;

/** Images that are wanted on the same nodes. */
export const PreviewPlacement = Type.Object({
  /** Who wants them: `Deployment shop/web`, `spec.images`; up to five. */
  sources: Type.Array(Type.String()),
  images: count(),
  /** Where they would be pulled. */
  nodes: count(),
  /** Where they are wanted, but nothing may start now. */
  held: Type.Array(NodeGroup),
  /** Where they are wanted, but no agent runs. */
  withoutAgent: Type.Array(NodeGroup),
  /** Where they are not wanted, and why. */
  refused: Type.Array(NodeGroup),
});
export type PreviewPlacement = Static<typeof PreviewPlacement>;

/** What a resource would do: it and the others as they are now, and nothing of it is kept. */
export const Preview = Type.Object({
  resource: ResourceRef,
  /** One of that name is there; the answer is about its taking the place of that one. */
  replaces: Type.Boolean(),
  /** Why it would not be accepted, a sentence each; not empty: it would ask for nothing. */
  problems: Type.Array(Type.String()),
  /** What cannot be read now, so that more may be wanted than is known. */
  gaps: Type.Array(Type.String()),
  /** What of its workloads is not asked for, or could not be used, a sentence each. */
  notes: Type.Array(Type.String()),
  images: Type.Array(PreviewImage),
  placements: Type.Array(PreviewPlacement),
});
export type Preview = Static<typeof Preview>;
