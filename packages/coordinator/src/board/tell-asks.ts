import type { ResourceRef } from '@kube-prefetch/protocol';
import type { BoardAsks } from '@kube-prefetch/protocol/board';
import { type Fleet, imagesOf, type NodeRecord } from '../fleet/index.ts';
import type { BoardTable } from './board-table.ts';

type Slots = Pick<BoardTable, 'nodeSlot' | 'imageSlot'>;

/** Which of the table's cells the resource asks for, as of the last pass. Empty where it asks for none. */
export function tellAsks(resource: ResourceRef, fleet: Pick<Fleet, 'nodes'>, slots: Slots): BoardAsks {
  const groups = new Map<NodeRecord['home'], { readonly nodes: number[]; readonly images: readonly number[] }>();
  for (const { name, home } of fleet.nodes()) {
    let group = groups.get(home);
    if (group === undefined) groups.set(home, (group = { nodes: [], images: imageSlots(resource, home, slots) }));
    const slot = slots.nodeSlot(name);
    if (slot !== undefined) group.nodes.push(slot);
  }
  return { groups: [...groups.values()].filter(({ images }) => images.length > 0) };
}

/** A plan has room for a limited number of images. */
function imageSlots({ kind, namespace, name }: ResourceRef, { cohort, plan }: NodeRecord['home'], slots: Slots) {
  const planned = imagesOf(plan);
  const images = new Set<number>();
  for (const { resource, image } of cohort.asks) {
    if (resource.name !== name || resource.namespace !== namespace || resource.kind !== kind) continue;
    const slot = planned.has(image) ? slots.imageSlot(image) : undefined;
    if (slot !== undefined) images.add(slot);
  }
  return [...images];
}
