import type { CellReport, ImageRef, Plan } from '@kube-prefetch/protocol';

/** What is known of each planned image across all nodes. */
export interface PlannedImages {
  /** Learns from a cell, and returns it with texts that the cells of other nodes share: a cell is mostly text. */
  learn(cell: CellReport): CellReport;
  /** As the largest report had it: an image differs in size from one architecture to the next. */
  sizeOf(image: ImageRef): number | undefined;
  keepOnly(plans: Iterable<Plan>): void;
  clear(): void;
}

interface Fact {
  /** As the plan holds it. */
  readonly image: ImageRef;
  sizeBytes: number | undefined;
  digests: string[] | undefined;
}

export function createPlannedImages(): PlannedImages {
  const facts = new Map<ImageRef, Fact>();

  return {
    learn(cell) {
      const fact = facts.get(cell.image);
      if (fact === undefined) return cell;
      const { sizeBytes, digests } = cell;
      if (sizeBytes !== undefined && sizeBytes > (fact.sizeBytes ?? -1)) fact.sizeBytes = sizeBytes;
      if (digests === undefined) return { ...cell, image: fact.image };
      if (!sameTexts(digests, fact.digests)) fact.digests = digests;
      return { ...cell, image: fact.image, digests: fact.digests as string[] };
    },
    sizeOf: image => facts.get(image)?.sizeBytes,
    keepOnly(plans) {
      const planned = new Set<ImageRef>();
      for (const plan of plans) for (const { image } of plan.items) planned.add(image);
      for (const image of facts.keys()) if (!planned.has(image)) facts.delete(image);
      for (const image of planned) {
        if (!facts.has(image)) facts.set(image, { image, sizeBytes: undefined, digests: undefined });
      }
    },
    clear: () => facts.clear(),
  };
}

function sameTexts(a: readonly string[], b: readonly string[] | undefined): boolean {
  return a.length === b?.length && a.every((text, i) => text === b[i]);
}
