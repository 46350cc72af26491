import Type, { type Static } from 'typebox';
import { DigestSchema, ImageRefSchema, MAX_IMAGES_PER_NODE } from '../shared-fields.ts';

export const PlanItem = Type.Object({
  image: ImageRefSchema,
  /** Higher first. */
  priority: Type.Integer(),
  /** False where only suspended resources ask for it: look and report, start no pull. */
  start: Type.Boolean(),
  /** True: whoever asks for it brings pull secrets; the agent asks for credentials before each pull. */
  credentials: Type.Optional(Type.Boolean()),
  /** True: its tag is looked up from time to time. Without a digest what was wanted before is wanted still. */
  refresh: Type.Optional(Type.Boolean()),
  /** The contents wanted now, `sha256:…`; absent where any do that the runtime has under the tag. */
  digest: Type.Optional(DigestSchema),
});
export type PlanItem = Static<typeof PlanItem>;

export const PlanBody = Type.Object({
  /** False while something the plan is made from cannot be read: add from it, drop nothing because of it. */
  complete: Type.Boolean(),
  /** Why no pull may start on this node now (cordoned, disk pressure, being deleted); absent: pull. */
  held: Type.Optional(Type.String()),
  /** What the kubelet says its runtime is, `containerd://1.6.20`; a runtime that answers otherwise is the wrong one. */
  runtimeVersion: Type.Optional(Type.String()),
  /** In pull order. */
  items: Type.Array(PlanItem, { maxItems: MAX_IMAGES_PER_NODE }),
});
export type PlanBody = Static<typeof PlanBody>;

/** What one node should hold. `revision` is the hash of the body's bytes, so it survives a restarted coordinator. */
export const Plan = Type.Object({ revision: Type.String({ minLength: 1, maxLength: 128 }), ...PlanBody.properties });
export type Plan = Static<typeof Plan>;

/**
 * What an agent holds on to after it received `next`: the plan itself when it is complete; otherwise also everything it
 * held before, because an incomplete plan is no reason to drop an image. Never more than a plan may name. A coordinator that has
 * just begun knows no contents of tags: those that were wanted before stay so.
 */
export function adoptPlan(previous: Plan | undefined, received: Plan): Plan {
  if (previous === undefined) return received;
  const next = withKnownDigests(previous, received);
  if (next.complete) return next;
  const named = new Set(next.items.map(item => item.image));
  const kept = previous.items.filter(item => !named.has(item.image));
  return kept.length === 0 ? next : { ...next, items: [...next.items, ...kept].slice(0, MAX_IMAGES_PER_NODE) };
}

function withKnownDigests(previous: Plan, next: Plan): Plan {
  const known = new Map(previous.items.flatMap(({ image, digest }) => (digest === undefined ? [] : [[image, digest]])));
  if (known.size === 0) return next;
  const items = next.items.map(item => {
    const digest = item.refresh ? (item.digest ?? known.get(item.image)) : item.digest;
    return digest === undefined ? item : { ...item, digest };
  });
  return { ...next, items };
}
