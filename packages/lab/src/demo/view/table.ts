import type { CellReport, CellState, NodeView } from '@kube-prefetch/protocol';
import { styleText } from 'node:util';
import { describeCell } from './describe.ts';

const COLOURS = {
  Present: 'green',
  Pulling: 'cyan',
  Stale: 'yellow',
  Failed: 'red',
  Waiting: 'yellow',
  Missing: 'yellow',
  Unknown: 'gray',
} as const satisfies Record<CellState, string>;
const GAP = '  ';

/** Images down, nodes across. `address` is left out of the images' names. */
export function renderTable(views: readonly NodeView[], address: string, { colour = false } = {}): readonly string[] {
  const images = [...new Set(views.flatMap(view => view.images.map(({ image }) => image)))].sort();
  const rows = images.map(image => ({
    name: image.replace(`${address}/`, ''),
    cells: views.map(view => view.images.find(candidate => candidate.image === image)?.cell),
  }));
  const widths = [
    width(['image', ...rows.map(({ name }) => name)]),
    ...views.map((view, n) => width([view.name, ...rows.map(({ cells }) => describeCell(cells[n]))])),
  ];
  const line = (texts: readonly string[]) => texts.join(GAP).trimEnd();
  const head = ['image', ...views.map(({ name }) => name)].map((text, n) => text.padEnd(widths[n] ?? 0));
  const body = rows.map(({ name, cells }) =>
    line([name.padEnd(widths[0] ?? 0), ...cells.map((cell, n) => paint(cell, widths[n + 1] ?? 0, colour))]),
  );
  return [line(head), ...body];
}

function paint(cell: CellReport | undefined, columns: number, colour: boolean): string {
  const text = describeCell(cell).padEnd(columns);
  return colour && cell ? styleText(COLOURS[cell.state], text, { validateStream: false }) : text;
}

function width(texts: readonly string[]): number {
  return Math.max(...texts.map(text => text.length));
}
