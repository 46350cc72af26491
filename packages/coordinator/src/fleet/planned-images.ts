import { memoise } from '@kube-prefetch/core';
import type { CellReport, ImageRef, Plan } from '@kube-prefetch/protocol';
import type { CellOrder, SharedCell } from './node-cells.ts';

/** Lets the cells of many nodes share their texts, which are most of a cell. Only for planned images. */
export interface PlannedImages {
  /** The cell, with the texts of other nodes' cells where they are the same. */
  shareTexts(cell: CellReport): CellReport;
  /** What such a cell has in common with those of other nodes; undefined where it says more than that the image is present. */
  sharedOf(cell: CellReport): SharedCell | undefined;
  keepOnly(plans: Iterable<Plan>): void;
  clear(): void;
}

export function createPlannedImages(): PlannedImages {
  /** The image as the plan holds it, and the digests that were named last. */
  const texts = new Map<ImageRef, KnownImage>();

  return {
    shareTexts(cell) {
      const known = texts.get(cell.image);
      if (known === undefined) return cell;
      const { digests } = cell;
      if (digests === undefined) return { ...cell, image: known.image };
      if (!sameTexts(digests, known.digests)) known.digests = digests;
      return { ...cell, image: known.image, digests: known.digests as string[] };
    },
    sharedOf(cell) {
      const known = texts.get(cell.image);
      if (known === undefined || !isUsual(cell)) return undefined;
      const { sizeBytes, digests } = cell;
      const { shared } = known;
      if (shared !== undefined && shared.sizeBytes === sizeBytes && shared.digests === digests) return shared;
      known.shared = {
        image: known.image,
        ...(sizeBytes !== undefined && { sizeBytes }),
        ...(digests !== undefined && { digests }),
      };
      return known.shared;
    },
    keepOnly(plans) {
      const planned = new Set<ImageRef>();
      for (const plan of plans) for (const { image } of plan.items) planned.add(image);
      for (const image of texts.keys()) if (!planned.has(image)) texts.delete(image);
      for (const image of planned)
        if (!texts.has(image)) texts.set(image, { image, digests: undefined, shared: undefined });
    },
    clear: () => texts.clear(),
  };
}

interface KnownImage {
  readonly image: ImageRef;
  digests: string[] | undefined;
  shared: SharedCell | undefined;
}

const USUAL: ReadonlySet<string> = new Set(['image', 'state', 'since', 'sizeBytes', 'digests']);

function isUsual(cell: CellReport): boolean {
  if (cell.state !== 'Present') return false;
  return Object.entries(cell).every(([name, value]) => value === undefined || USUAL.has(name));
}

/** Made once for all nodes that share the plan. */
export const cellOrderOf = memoise((plan: Plan): CellOrder => new Map(plan.items.map(({ image }, at) => [image, at])));

/** Made once for all nodes that share the plan. */
export const imagesOf = memoise((plan: Plan): ReadonlySet<ImageRef> => new Set(plan.items.map(({ image }) => image)));

function sameTexts(a: readonly string[], b: readonly string[] | undefined): boolean {
  return a.length === b?.length && a.every((text, i) => text === b[i]);
}
