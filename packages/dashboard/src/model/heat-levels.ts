import { stateOfCell } from '@kube-prefetch/protocol/board';
import type { CellState } from '@kube-prefetch/protocol/cell';
import type { BoardModel } from './board-model.ts';
import { type HeatOrder, shownByte } from './heat-order.ts';

/** Of several cells that share a pixel the one whose state is first here is seen. */
const WORST_FIRST: readonly CellState[] = ['Failed', 'Stale', 'Unknown', 'Missing', 'Waiting', 'Pulling', 'Present'];

/** What a byte of a cell weighs in a pixel: 0 for none, and more for worse. */
const WEIGHTS = Uint8Array.from({ length: 256 }, (_, byte) => {
  const state = stateOfCell(byte);
  return state === undefined ? 0 : WORST_FIRST.length - WORST_FIRST.indexOf(state);
});

/** By weight; undefined for no cell. */
export const STATE_BY_WEIGHT: readonly (CellState | undefined)[] = [undefined, ...WORST_FIRST.toReversed()];

/** A picture of all cells in which `across` columns and `down` rows share a pixel. */
export interface HeatLevel {
  readonly across: number;
  readonly down: number;
  readonly width: number;
  readonly height: number;
  /** By pixel. */
  readonly weights: Uint8Array;
}

export function makeLevel(
  model: Pick<BoardModel, 'cells' | 'images'>,
  order: HeatOrder,
  across: number,
  down: number,
): HeatLevel {
  const width = Math.max(1, Math.ceil(order.columns.length / across));
  const height = Math.max(1, Math.ceil(order.rows.length / down));
  const weights = new Uint8Array(width * height);
  for (let row = 0; row < order.rows.length; row++) {
    const image = order.rows[row] as number;
    const line = Math.floor(row / down) * width;
    for (let column = 0; column < order.columns.length; column++) {
      const weight = WEIGHTS[shownByte(model, order, order.columns[column] as number, image)] as number;
      const pixel = line + Math.floor(column / across);
      if (weight > (weights[pixel] as number)) weights[pixel] = weight;
    }
  }
  return { across, down, width, height, weights };
}

/** Looks again at the pixel that shows a cell; returns it where it changed. */
export function updateLevel(
  level: HeatLevel,
  model: Pick<BoardModel, 'cells' | 'images'>,
  order: HeatOrder,
  cell: number,
): number | undefined {
  const stride = model.images.length;
  const column = order.columnOf[Math.floor(cell / stride)] ?? -1;
  const row = order.rowOf[cell % stride] ?? -1;
  if (column < 0 || row < 0) return undefined;
  const left = Math.floor(column / level.across) * level.across;
  const top = Math.floor(row / level.down) * level.down;
  let worst = 0;
  for (let y = top; y < Math.min(top + level.down, order.rows.length); y++) {
    for (let x = left; x < Math.min(left + level.across, order.columns.length); x++) {
      const byte = shownByte(model, order, order.columns[x] as number, order.rows[y] as number);
      worst = Math.max(worst, WEIGHTS[byte] as number);
    }
  }
  const pixel = (top / level.down) * level.width + left / level.across;
  if (level.weights[pixel] === worst) return undefined;
  level.weights[pixel] = worst;
  return pixel;
}

/** How many cells share a pixel so that none of these is smaller than one of the screen, and lost: a power of two. */
export function sharing(cellInPixels: number): number {
  return cellInPixels >= 1 ? 1 : 2 ** Math.ceil(Math.log2(1 / cellInPixels));
}
