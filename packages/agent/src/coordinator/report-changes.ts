import type { CellReport, ImageRef } from '@kube-prefetch/protocol';

/** What a report said of each image, as it was written. */
export type Told = ReadonlyMap<ImageRef, string>;

export function toldBy(cells: readonly CellReport[]): Told {
  return new Map(cells.map(cell => [cell.image, JSON.stringify(cell)]));
}

/** What a delta has to say so that whoever knew `before` knows `cells`. */
export function changesBetween(
  before: Told,
  cells: readonly CellReport[],
): { readonly cells: CellReport[]; readonly gone: ImageRef[] } {
  const now = new Set(cells.map(cell => cell.image));
  return {
    cells: cells.filter(cell => before.get(cell.image) !== JSON.stringify(cell)),
    gone: [...before.keys()].filter(image => !now.has(image)),
  };
}
