import { unpackCell } from '@kube-prefetch/protocol/board';
import type { BoardModel } from '../../model/board-model.ts';
import { type HeatLevel, makeLevel, sharing, STATE_BY_WEIGHT, updateLevel } from '../../model/heat-levels.ts';
import { type HeatOrder, shownByte } from '../../model/heat-order.ts';
import type { HeatSize, HeatView } from '../../model/heat-view.ts';
import { PALETTE, pixelOf, type Scheme } from '../../model/palette.ts';
import { visibleText } from '../../model/words.ts';

/** What the labels take of the canvas, in pixels of the page. */
export interface HeatMargin {
  readonly left: number;
  readonly top: number;
}

const WIDEST_LABELS = 300;
const HIGHEST_LABELS = 74;
const GROUP_HEIGHT = 20;
/** Of a character of the font for labels. */
const CHARACTER = 7;
const ROW_LABEL_HEIGHT = 11;
const COLUMN_LABEL_WIDTH = 13;
const GRID_SIZE = 6;
const SIGN_SIZE = 12;
/** A level each for zooming in and out; more are made again when they are needed. */
const MAX_LEVELS = 6;

export interface Scene {
  readonly model: BoardModel;
  readonly order: HeatOrder;
  readonly view: HeatView;
  readonly size: HeatSize;
  readonly margin: HeatMargin;
  readonly scheme: Scheme;
  readonly selected: { readonly column: number; readonly row: number } | undefined;
  readonly pixelRatio: number;
}

type Drawn = Pick<Scene, 'model' | 'order' | 'scheme'>;

interface Picture {
  readonly level: HeatLevel;
  readonly canvas: HTMLCanvasElement;
  readonly image: ImageData;
  readonly pixels: Uint32Array;
  /** Lines of pixels that are not on the canvas yet. */
  dirty: { from: number; to: number } | undefined;
}

/**
 * Draws the table of cells from pictures with a pixel for each cell, or for several where the screen has fewer pixels. A change
 * costs as many pixels as there are pictures; a frame costs one copy of a picture, whatever is shown.
 */
export class Painter {
  readonly #pictures = new Map<string, Picture>();
  #of: Drawn | undefined;

  /** Every picture is out of date. */
  forget(): void {
    this.#pictures.clear();
  }

  /** These cells have changed. */
  change(cells: readonly number[]): void {
    if (this.#of === undefined) return;
    const { model, order, scheme } = this.#of;
    const colours = coloursOf(scheme);
    for (const picture of this.#pictures.values()) {
      for (const cell of cells) {
        const pixel = updateLevel(picture.level, model, order, cell);
        if (pixel === undefined) continue;
        picture.pixels[pixel] = colours[picture.level.weights[pixel] as number] as number;
        const line = Math.floor(pixel / picture.level.width);
        const { from, to } = picture.dirty ?? { from: line, to: line };
        picture.dirty = { from: Math.min(from, line), to: Math.max(to, line) };
      }
    }
  }

  draw(context: CanvasRenderingContext2D, scene: Scene): void {
    const { model, order, view, size, margin, scheme, pixelRatio } = scene;
    if (this.#of?.model !== model || this.#of.order !== order || this.#of.scheme !== scheme) {
      this.#of = { model, order, scheme };
      this.forget();
    }
    const { canvas } = context;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
    if (order.columns.length === 0 || order.rows.length === 0) return;

    const picture = this.#picture(sharing(view.cellWidth * pixelRatio), sharing(view.cellHeight * pixelRatio));
    const { across, down } = picture.level;
    const columns = Math.min(size.columns - view.x, size.width / view.cellWidth);
    const rows = Math.min(size.rows - view.y, size.height / view.cellHeight);
    context.save();
    context.beginPath();
    context.rect(margin.left, margin.top, size.width, size.height);
    context.clip();
    context.imageSmoothingEnabled = false;
    context.drawImage(
      picture.canvas,
      view.x / across,
      view.y / down,
      columns / across,
      rows / down,
      margin.left,
      margin.top,
      columns * view.cellWidth,
      rows * view.cellHeight,
    );
    context.translate(margin.left, margin.top);
    this.#drawGrid(context, scene);
    if (Math.min(view.cellWidth, view.cellHeight) >= SIGN_SIZE) drawSigns(context, scene);
    drawGroupLines(context, scene);
    drawSelected(context, scene);
    context.restore();
    drawLabels(context, scene);
  }

  #picture(across: number, down: number): Picture {
    const key = `${across} ${down}`;
    const known = this.#pictures.get(key);
    const picture = known ?? this.#make(across, down);
    this.#pictures.delete(key);
    this.#pictures.set(key, picture);
    if (this.#pictures.size > MAX_LEVELS) this.#pictures.delete(this.#pictures.keys().next().value as string);
    if (picture.dirty !== undefined) {
      const { from, to } = picture.dirty;
      const { canvas, image, level } = picture;
      canvas.getContext('2d')?.putImageData(image, 0, 0, 0, from, level.width, to - from + 1);
      picture.dirty = undefined;
    }
    return picture;
  }

  #make(across: number, down: number): Picture {
    const { model, order, scheme } = this.#of as Drawn;
    const level = makeLevel(model, order, across, down);
    const canvas = document.createElement('canvas');
    canvas.width = level.width;
    canvas.height = level.height;
    const image = new ImageData(level.width, level.height);
    const pixels = new Uint32Array(image.data.buffer);
    const colours = coloursOf(scheme);
    for (let pixel = 0; pixel < pixels.length; pixel++)
      pixels[pixel] = colours[level.weights[pixel] as number] as number;
    return { level, canvas, image, pixels, dirty: { from: 0, to: level.height - 1 } };
  }

  #drawGrid(context: CanvasRenderingContext2D, { view, size, scheme }: Scene): void {
    context.fillStyle = scheme === 'dark' ? '#151c23' : '#ffffff';
    const right = Math.min(size.width, (size.columns - view.x) * view.cellWidth);
    const bottom = Math.min(size.height, (size.rows - view.y) * view.cellHeight);
    if (view.cellWidth >= GRID_SIZE) {
      for (let x = (Math.ceil(view.x) - view.x) * view.cellWidth; x <= right; x += view.cellWidth)
        context.fillRect(Math.round(x) - 0.5, 0, 1, bottom);
    }
    if (view.cellHeight >= GRID_SIZE) {
      for (let y = (Math.ceil(view.y) - view.y) * view.cellHeight; y <= bottom; y += view.cellHeight)
        context.fillRect(0, Math.round(y) - 0.5, right, 1);
    }
  }
}

function drawLabels(context: CanvasRenderingContext2D, scene: Scene): void {
  const { order, view, size, margin, scheme, selected } = scene;
  const [ink, soft] = scheme === 'dark' ? ['#e6ebf0', '#93a1af'] : ['#17212b', '#5a6876'];
  context.direction = 'ltr';
  context.textBaseline = 'middle';
  context.font = '11.5px ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace';
  const shown = labelsShown(view);
  if (shown.rows) {
    context.textAlign = 'right';
    const last = Math.min(size.rows, Math.ceil(view.y + size.height / view.cellHeight));
    context.save();
    context.beginPath();
    context.rect(0, margin.top, margin.left, size.height);
    context.clip();
    for (let row = Math.floor(view.y); row < last; row++) {
      const name = order.rowLabels[row] ?? '';
      context.fillStyle = selected?.row === row ? ink : soft;
      context.fillText(
        ending(name, (margin.left - 14) / CHARACTER),
        margin.left - 8,
        margin.top + (row + 0.5 - view.y) * view.cellHeight,
      );
    }
    context.restore();
  }
  context.textAlign = 'left';
  if (shown.columns) {
    const last = Math.min(size.columns, Math.ceil(view.x + size.width / view.cellWidth));
    const roof = order.groups.length > 0 ? GROUP_HEIGHT : 0;
    for (let column = Math.floor(view.x); column < last; column++) {
      const name = order.columnLabels[column] ?? '';
      const x = margin.left + (column + 0.5 - view.x) * view.cellWidth;
      if (x < margin.left) continue;
      context.fillStyle = selected?.column === column ? ink : soft;
      context.save();
      context.translate(x, margin.top - 5);
      context.rotate(-Math.PI / 2);
      context.fillText(ending(name, (margin.top - roof - 6) / CHARACTER), 0, 0);
      context.restore();
    }
  }
  context.font = '600 12px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
  context.fillStyle = ink;
  for (const { name, from, to } of order.groups) {
    const left = Math.max(0, (from - view.x) * view.cellWidth);
    const right = Math.min(size.width, (to - view.x) * view.cellWidth);
    if (right - left < 24) continue;
    context.fillText(ending(name === '' ? 'none' : name, (right - left - 6) / 7.4), margin.left + left + 2, 9);
  }
}

/** Which labels can be read. */
export function labelsShown({ cellWidth, cellHeight }: HeatView): {
  readonly rows: boolean;
  readonly columns: boolean;
} {
  return { rows: cellHeight >= ROW_LABEL_HEIGHT, columns: cellWidth >= COLUMN_LABEL_WIDTH };
}

/** As wide and high as the longest label needs, and never so that little is left for cells. */
export function marginOf(order: HeatOrder, width: number, shown: ReturnType<typeof labelsShown>): HeatMargin {
  const longest = (labels: readonly string[]) =>
    labels.reduce((most, { length }) => Math.max(most, length), 0) * CHARACTER;
  return {
    left: shown.rows ? Math.min(longest(order.rowLabels) + 14, WIDEST_LABELS, width / 3) : 0,
    top:
      (shown.columns ? Math.min(longest(order.columnLabels) + 12, HIGHEST_LABELS) : 4) +
      (order.groups.length > 0 ? GROUP_HEIGHT : 0),
  };
}

/** The end of a reference says more than its beginning. */
function ending(name: string, characters: number): string {
  const text = visibleText(name);
  return text.length <= characters ? text : `…${text.slice(text.length - Math.max(1, Math.floor(characters) - 1))}`;
}

const colours = new Map<Scheme, Uint32Array>();
function coloursOf(scheme: Scheme): Uint32Array {
  let known = colours.get(scheme);
  if (known === undefined) {
    known = Uint32Array.from(STATE_BY_WEIGHT, state => pixelOf(PALETTE[scheme][state ?? 'Nothing']));
    colours.set(scheme, known);
  }
  return known;
}

/** What colour alone should not say: a cross for what failed, an arrow for what is pulled. */
function drawSigns(context: CanvasRenderingContext2D, { model, order, view, size }: Scene): void {
  const [lastColumn, lastRow] = [
    Math.min(size.columns, Math.ceil(view.x + size.width / view.cellWidth)),
    Math.min(size.rows, Math.ceil(view.y + size.height / view.cellHeight)),
  ];
  const length = Math.min(view.cellWidth, view.cellHeight) * 0.2;
  context.strokeStyle = '#ffffff';
  context.lineWidth = 1.6;
  context.beginPath();
  for (let row = Math.floor(view.y); row < lastRow; row++) {
    for (let column = Math.floor(view.x); column < lastColumn; column++) {
      const gist = unpackCell(shownByte(model, order, order.columns[column] as number, order.rows[row] as number));
      if (gist?.state !== 'Failed' && gist?.state !== 'Pulling') continue;
      const x = (column + 0.5 - view.x) * view.cellWidth;
      const y = (row + 0.5 - view.y) * view.cellHeight;
      if (gist.state === 'Failed') {
        context.moveTo(x - length, y - length);
        context.lineTo(x + length, y + length);
        context.moveTo(x + length, y - length);
        context.lineTo(x - length, y + length);
      } else {
        context.moveTo(x, y - length * 1.2);
        context.lineTo(x, y + length * 1.2);
        context.moveTo(x - length, y + length * 0.2);
        context.lineTo(x, y + length * 1.2);
        context.lineTo(x + length, y + length * 0.2);
      }
    }
  }
  context.stroke();
}

function drawGroupLines(context: CanvasRenderingContext2D, { order, view, size, scheme }: Scene): void {
  context.fillStyle = scheme === 'dark' ? '#e6ebf0' : '#17212b';
  for (const { from } of order.groups.slice(1)) {
    const x = Math.round((from - view.x) * view.cellWidth);
    if (x >= 0 && x <= size.width)
      context.fillRect(x - 1, 0, 2, Math.min(size.height, (size.rows - view.y) * view.cellHeight));
  }
}

function drawSelected(context: CanvasRenderingContext2D, { selected, view, scheme }: Scene): void {
  if (selected === undefined) return;
  context.strokeStyle = scheme === 'dark' ? '#ffffff' : '#000000';
  context.lineWidth = 2;
  const [width, height] = [Math.max(6, view.cellWidth), Math.max(6, view.cellHeight)];
  context.strokeRect(
    (selected.column + 0.5 - view.x) * view.cellWidth - width / 2,
    (selected.row + 0.5 - view.y) * view.cellHeight - height / 2,
    width,
    height,
  );
}
