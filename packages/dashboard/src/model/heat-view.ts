/** Which part of a table of cells is shown, and how large a cell is. */
export interface HeatView {
  /** The cell at the left and the upper edge; parts of cells count. */
  readonly x: number;
  readonly y: number;
  /** In pixels of the page. */
  readonly cellWidth: number;
  readonly cellHeight: number;
}

export interface HeatSize {
  /** What there is to show. */
  readonly columns: number;
  readonly rows: number;
  /** In pixels of the page, without labels. */
  readonly width: number;
  readonly height: number;
}

const LARGEST_CELL = 48;
/** Where a name fits beside it. */
const READABLE_CELL = 19;
/** Of a table with few cells. */
const COMFORTABLE_CELL = 30;

/** All columns, and rows as high as a name where they fit. */
export function fitAll({ columns, rows, width, height }: HeatSize): HeatView {
  const cellWidth = Math.min(width / Math.max(1, columns), COMFORTABLE_CELL);
  const cellHeight = Math.min(height / Math.max(1, rows), Math.max(READABLE_CELL, Math.min(cellWidth, 22)));
  return { x: 0, y: 0, cellWidth, cellHeight };
}

/** Zooms by `factor`; what is at the point stays there. */
export function zoomAt(view: HeatView, size: HeatSize, factor: number, point: { x: number; y: number }): HeatView {
  const least = fitAll(size);
  const cellWidth = clamp(
    view.cellWidth * factor,
    Math.min(least.cellWidth, size.width / Math.max(1, size.columns)),
    LARGEST_CELL,
  );
  const cellHeight = clamp(view.cellHeight * factor, Math.min(least.cellHeight, READABLE_CELL), LARGEST_CELL);
  return keepInside(
    {
      x: view.x + point.x / view.cellWidth - point.x / cellWidth,
      y: view.y + point.y / view.cellHeight - point.y / cellHeight,
      cellWidth,
      cellHeight,
    },
    size,
  );
}

/** By pixels. */
export function pan(view: HeatView, size: HeatSize, dx: number, dy: number): HeatView {
  return keepInside({ ...view, x: view.x + dx / view.cellWidth, y: view.y + dy / view.cellHeight }, size);
}

/** Moves as little as is needed for the cell to be seen. */
export function reveal(view: HeatView, size: HeatSize, column: number, row: number): HeatView {
  const [wide, high] = [size.width / view.cellWidth, size.height / view.cellHeight];
  return keepInside(
    { ...view, x: clamp(view.x, column + 1 - wide, column), y: clamp(view.y, row + 1 - high, row) },
    size,
  );
}

export function keepInside(view: HeatView, { columns, rows, width, height }: HeatSize): HeatView {
  return {
    ...view,
    x: clamp(view.x, 0, Math.max(0, columns - width / view.cellWidth)),
    y: clamp(view.y, 0, Math.max(0, rows - height / view.cellHeight)),
  };
}

export function cellAt(
  view: HeatView,
  size: HeatSize,
  x: number,
  y: number,
): { column: number; row: number } | undefined {
  const column = Math.floor(view.x + x / view.cellWidth);
  const row = Math.floor(view.y + y / view.cellHeight);
  const isInside = x >= 0 && y >= 0 && column >= 0 && row >= 0 && column < size.columns && row < size.rows;
  return isInside ? { column, row } : undefined;
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
