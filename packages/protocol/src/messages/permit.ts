import Type, { type Static } from 'typebox';
import { ImageRefSchema, MAX_IMAGES_PER_NODE, MAX_WAIT_SECONDS } from '../shared-fields.ts';

/**
 * Everything a node has and wants, so that a repeated or lost request changes nothing: what is not under `holding` is
 * free again.
 */
export const PermitRequest = Type.Object({
  /** Pulls that run now, with or without a permit. */
  holding: Type.Array(ImageRefSchema, { maxItems: MAX_IMAGES_PER_NODE }),
  wanting: Type.Array(Type.Object({ image: ImageRefSchema, priority: Type.Integer() }), {
    maxItems: MAX_IMAGES_PER_NODE,
  }),
  /** How long to wait for a first grant of something wanted. */
  waitMs: Type.Integer({ minimum: 0, maximum: MAX_WAIT_SECONDS * 1000 }),
});
export type PermitRequest = Static<typeof PermitRequest>;

export const PermitAnswer = Type.Object({
  epoch: Type.Integer({ minimum: 0 }),
  /** From when the request was sent, on the holder's monotonic clock. Renew every third of it. */
  ttlMs: Type.Integer({ minimum: 1 }),
  granted: Type.Array(
    Type.Object({
      image: ImageRefSchema,
      /** As the runtimes of nodes agree on it; absent while fewer than two hold the image. */
      sizeBytes: Type.Optional(Type.Integer({ minimum: 0 })),
    }),
    { maxItems: MAX_IMAGES_PER_NODE },
  ),
});
export type PermitAnswer = Static<typeof PermitAnswer>;
