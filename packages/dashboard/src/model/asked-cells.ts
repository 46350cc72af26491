import type { BoardAsks } from '@kube-prefetch/protocol/board';

/** Which cells a resource asks for. */
export interface AskedCells {
  /** By slot of a node; 0: nothing is asked for there. */
  readonly groupOf: Uint16Array;
  /** A row for each group, 1 where the image with that slot is asked for. */
  readonly wanted: Uint8Array;
  readonly images: number;
}

/** `nodes`, `images`: the slots of the board. */
export function openAsks({ groups }: BoardAsks, nodes: number, images: number): AskedCells {
  const groupOf = new Uint16Array(nodes);
  const wanted = new Uint8Array((groups.length + 1) * images);
  groups.forEach((group, i) => {
    for (const node of group.nodes) groupOf[node] = i + 1;
    for (const image of group.images) wanted[(i + 1) * images + image] = 1;
  });
  return { groupOf, wanted, images };
}

export function isAsked({ groupOf, wanted, images }: AskedCells, node: number, image: number): boolean {
  return wanted[(groupOf[node] ?? 0) * images + image] === 1;
}
