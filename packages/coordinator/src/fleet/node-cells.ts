import type { CellReport, ImageRef } from '@kube-prefetch/protocol';

/** What the cells of many nodes have in common that hold an image, and say no more of it. */
export type SharedCell = Pick<CellReport, 'image' | 'sizeBytes' | 'digests'>;

/** Where the cells of a plan's images are kept; the same for all nodes that have the plan. */
export type CellOrder = ReadonlyMap<ImageRef, number>;

/** With more cells aside a node's cells are put in the order of its plan again. */
const MOST_ASIDE = 16;

/**
 * The cells of one node, as a Map by image would hold them. A thousand nodes times hundreds of images are most of what the coordinator
 * remembers: a cell that is shared costs 16 bytes here, where an object in a Map costs 150. Reading one makes a new object.
 */
export class NodeCells {
  #order: CellOrder;
  /** By the order: undefined where there is none. */
  #cells: (SharedCell | CellReport | undefined)[];
  /** Of those that are shared. */
  #since: (string | undefined)[];
  /** Of images that the order does not name. */
  #aside = new Map<ImageRef, CellReport>();
  #size = 0;

  constructor(order: CellOrder) {
    this.#order = order;
    this.#cells = Array.from({ length: order.size });
    this.#since = Array.from({ length: order.size });
  }

  get size(): number {
    return this.#size + this.#aside.size;
  }

  get(image: ImageRef): CellReport | undefined {
    const at = this.#order.get(image);
    return at === undefined ? this.#aside.get(image) : this.#at(at);
  }

  /** `shared`: all of it but its state, which is Present, and its time. */
  set(cell: CellReport, shared: SharedCell | undefined): void {
    const at = this.#order.get(cell.image);
    if (at === undefined) {
      this.#aside.set(cell.image, cell);
      return;
    }
    if (this.#cells[at] === undefined) this.#size += 1;
    this.#cells[at] = shared ?? cell;
    this.#since[at] = shared && this.#sameText(cell.since, at);
  }

  delete(image: ImageRef): void {
    const at = this.#order.get(image);
    if (at === undefined) this.#aside.delete(image);
    else if (this.#cells[at] !== undefined) {
      this.#cells[at] = undefined;
      this.#since[at] = undefined;
      this.#size -= 1;
    }
  }

  *values(): Generator<CellReport> {
    for (let at = 0; at < this.#cells.length; at += 1) {
      const cell = this.#at(at);
      if (cell !== undefined) yield cell;
    }
    yield* this.#aside.values();
  }

  /** The same cells in another order, where that is worth the work. */
  inOrder(order: CellOrder, sharedOf: (cell: CellReport) => SharedCell | undefined): NodeCells {
    if (order === this.#order || this.#aside.size <= MOST_ASIDE) return this;
    const cells = new NodeCells(order);
    for (const cell of this.values()) cells.set(cell, sharedOf(cell));
    return cells;
  }

  #at(at: number): CellReport | undefined {
    const cell = this.#cells[at];
    if (cell === undefined || 'state' in cell) return cell;
    return { ...cell, state: 'Present', since: this.#since[at] as string };
  }

  /** Agents find many images at the same moment: neighbours share the text. */
  #sameText(since: string, at: number): string {
    const before = this.#since[at - 1];
    return before === since ? before : since;
  }
}
