import type { CellReport, ImageRef, Plan } from '@kube-prefetch/protocol';

/** What images weigh, learned from the nodes that hold them; of planned images only. */
export interface ImageSizes {
  learn(cells: readonly CellReport[]): void;
  of(image: ImageRef): number | undefined;
  keepOnly(plans: Iterable<Plan>): void;
  clear(): void;
}

export function createImageSizes(): ImageSizes {
  const sizes = new Map<ImageRef, number>();

  return {
    /** The largest counts: an image differs in size from one architecture to the next. */
    learn(cells) {
      for (const { image, sizeBytes } of cells) {
        if (sizeBytes !== undefined && sizeBytes > (sizes.get(image) ?? -1)) sizes.set(image, sizeBytes);
      }
    },
    of: image => sizes.get(image),
    keepOnly(plans) {
      if (sizes.size === 0) return;
      const planned = new Set<ImageRef>();
      for (const plan of plans) for (const { image } of plan.items) planned.add(image);
      for (const image of sizes.keys()) if (!planned.has(image)) sizes.delete(image);
    },
    clear: () => sizes.clear(),
  };
}
