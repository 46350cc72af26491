import type { PermitRequest, Plan } from '@kube-prefetch/protocol';

/**
 * What of a node's request its plan allows, at the plan's priorities. Beside an incomplete plan an agent keeps what was planned
 * before: then other images are allowed as well, after all that are planned.
 */
export function onlyPlanned({ holding, wanting, waitMs }: PermitRequest, plan: Plan): PermitRequest {
  const items = new Map(plan.items.map(item => [item.image, item]));
  const lowest = Math.min(0, ...plan.items.map(({ priority }) => priority));
  return {
    holding: holding.filter(image => items.has(image) || !plan.complete),
    wanting: wanting.flatMap(({ image }) => {
      const item = items.get(image);
      if (plan.held !== undefined || (item === undefined ? plan.complete : !item.start)) return [];
      return [{ image, priority: item?.priority ?? lowest }];
    }),
    waitMs,
  };
}
