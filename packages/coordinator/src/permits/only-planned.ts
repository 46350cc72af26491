import type { PermitRequest, Plan } from '@kube-prefetch/protocol';

/**
 * The part of a node's request that its plan allows, with the plan's priorities. While its plan is incomplete an agent also keeps
 * what was planned before: then other images are allowed too, after all planned ones.
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
