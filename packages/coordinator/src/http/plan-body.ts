import { planBytes } from '@kube-prefetch/core';
import type { Plan } from '@kube-prefetch/protocol';

const bodies = new WeakMap<Plan, Buffer>();

/** The bytes that the plan's revision hashes; made once for all nodes of a cohort, which share the plan. */
export function planBody(plan: Plan): Buffer {
  const known = bodies.get(plan);
  if (known !== undefined) return known;
  const body = Buffer.from(planBytes(plan));
  bodies.set(plan, body);
  return body;
}
