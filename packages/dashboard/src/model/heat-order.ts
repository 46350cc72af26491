import { type BoardNode, NO_CELL, stateOfCell } from '@kube-prefetch/protocol/board';
import type { CellState } from '@kube-prefetch/protocol/cell';
import { type AskedCells, isAsked } from './asked-cells.ts';
import type { BoardModel } from './board-model.ts';

export type GroupBy = 'nothing' | 'zone' | 'pool';

/** What a person chose to see. */
export interface HeatChoice {
  readonly groupBy: GroupBy;
  /** Parts of names; any case. */
  readonly imageText: string;
  readonly nodeText: string;
  /** Only nodes and images that have a cell in one of these states; empty: all. */
  readonly states: ReadonlySet<CellState>;
  /** Only what a resource asks for; undefined: all. */
  readonly asked?: AskedCells | undefined;
}

export interface ColumnGroup {
  readonly name: string;
  /** Columns from this one to before that one. */
  readonly from: number;
  readonly to: number;
}

/** Which slot is shown where. */
export interface HeatOrder {
  /** Slots of nodes, from left to right. */
  readonly columns: Uint32Array;
  /** Slots of images, from top to bottom. */
  readonly rows: Uint32Array;
  readonly groups: readonly ColumnGroup[];
  /** Their names without what all of them have in common. */
  readonly columnLabels: readonly string[];
  readonly rowLabels: readonly string[];
  /** By slot, where it is shown; -1: nowhere. */
  readonly columnOf: Int32Array;
  readonly rowOf: Int32Array;
  /** Other cells are shown as none. */
  readonly asked: AskedCells | undefined;
}

const byName = new Intl.Collator('en', { numeric: true }).compare;

export function orderHeat(model: Pick<BoardModel, 'nodes' | 'images' | 'cells'>, choice: HeatChoice): HeatOrder {
  const { nodes, images } = model;
  const has = slotsWith(model, choice);
  const nodeText = choice.nodeText.trim().toLowerCase();
  const imageText = choice.imageText.trim().toLowerCase();
  const groupOf = (node: BoardNode) => (choice.groupBy === 'nothing' ? '' : (node[choice.groupBy] ?? ''));
  const columns = nodes
    .flatMap((node, slot) =>
      node !== null &&
      node.agent !== 'NotApplicable' &&
      has.nodes[slot] === 1 &&
      node.name.toLowerCase().includes(nodeText)
        ? [{ slot, name: node.name, group: groupOf(node) }]
        : [],
    )
    .sort(
      (a, b) => Number(a.group === '') - Number(b.group === '') || byName(a.group, b.group) || byName(a.name, b.name),
    );
  const rows = images
    .flatMap((image, slot) =>
      image !== null && has.images[slot] === 1 && image.name.toLowerCase().includes(imageText)
        ? [{ slot, name: image.name }]
        : [],
    )
    .sort((a, b) => byName(a.name, b.name));
  const groups: ColumnGroup[] = [];
  if (choice.groupBy !== 'nothing') {
    columns.forEach(({ group }, column) => {
      const last = groups.at(-1);
      if (last?.name === group) groups[groups.length - 1] = { ...last, to: column + 1 };
      else groups.push({ name: group, from: column, to: column + 1 });
    });
  }
  return {
    columns: Uint32Array.from(columns, ({ slot }) => slot),
    rows: Uint32Array.from(rows, ({ slot }) => slot),
    groups,
    columnLabels: labelsOf(
      columns.map(({ name }) => name),
      { endings: true },
    ),
    rowLabels: labelsOf(
      rows.map(({ name }) => name),
      { endings: false },
    ),
    columnOf: placesOf(columns, nodes.length),
    rowOf: placesOf(rows, images.length),
    asked: choice.asked,
  };
}

/** The byte of a cell as it is shown. */
export function shownByte(
  { cells, images }: Pick<BoardModel, 'cells' | 'images'>,
  { asked }: Pick<HeatOrder, 'asked'>,
  node: number,
  image: number,
): number {
  if (asked !== undefined && !isAsked(asked, node, image)) return NO_CELL;
  return cells[node * images.length + image] ?? NO_CELL;
}

/** How many of the cells that are shown have each byte. */
export function countShown(model: Pick<BoardModel, 'cells' | 'images'>, order: HeatOrder): Uint32Array {
  const byByte = new Uint32Array(256);
  for (const node of order.columns) {
    for (const image of order.rows) {
      const byte = shownByte(model, order, node, image);
      byByte[byte] = (byByte[byte] as number) + 1;
    }
  }
  return byByte;
}

function placesOf(shown: readonly { readonly slot: number }[], slots: number): Int32Array {
  const places = new Int32Array(slots).fill(-1);
  shown.forEach(({ slot }, place) => (places[slot] = place));
  return places;
}

/** By slot: 1 where it has a cell that is asked for, in one of the states. */
function slotsWith(
  { nodes, images, cells }: Pick<BoardModel, 'nodes' | 'images' | 'cells'>,
  { states, asked }: Pick<HeatChoice, 'states' | 'asked'>,
) {
  const all = states.size === 0 && asked === undefined;
  const found = {
    nodes: new Uint8Array(nodes.length).fill(all ? 1 : 0),
    images: new Uint8Array(images.length).fill(all ? 1 : 0),
  };
  if (all) return found;
  const wanted = Uint8Array.from({ length: 256 }, (_, byte) => {
    const state = stateOfCell(byte);
    return state !== undefined && (states.size === 0 || states.has(state)) ? 1 : 0;
  });
  const width = images.length;
  for (let node = 0, cell = 0; node < nodes.length; node++) {
    for (let image = 0; image < width; image++, cell++) {
      if (wanted[cells[cell] as number] !== 1 || (asked !== undefined && !isAsked(asked, node, image))) continue;
      found.nodes[node] = found.images[image] = 1;
    }
  }
  return found;
}

/** Names without what all of them begin with, and with `endings` also without what they end with, as far as a dot, dash or slash. */
export function labelsOf(names: readonly string[], { endings }: { readonly endings: boolean }): readonly string[] {
  const [first = ''] = names;
  if (names.length < 2) return names;
  let prefix = first.length;
  let suffix = endings ? first.length : 0;
  for (const name of names) {
    let same = 0;
    while (same < prefix && name[same] === first[same]) same += 1;
    prefix = same;
    same = 0;
    while (same < suffix && name[name.length - 1 - same] === first[first.length - 1 - same]) same += 1;
    suffix = same;
  }
  while (prefix > 0 && !/[-._/]/.test(first[prefix - 1] as string)) prefix -= 1;
  while (suffix > 0 && !/[-._/]/.test(first[first.length - suffix] as string)) suffix -= 1;
  return names.map(name => name.slice(prefix, Math.max(prefix, name.length - suffix)) || name);
}
