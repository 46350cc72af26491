import type { NodeView } from '@kube-prefetch/protocol';
import type { Say } from '../../machine/index.ts';
import { describeChanges } from './describe.ts';
import { renderTable } from './table.ts';

/** Where the demo shows itself: lines, and one table that is always up to date. */
export interface Screen {
  readonly say: Say;
  show(views: readonly NodeView[], address: string): void;
  /** Leaves the table where it is: lines go below it from now on. */
  freeze(): void;
}

interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export function createScreen(output: Terminal): Screen {
  return output.isTTY ? liveScreen(output) : plainScreen(output);
}

/** The table stays below the lines, redrawn in place. */
function liveScreen(output: Terminal): Screen {
  let table: readonly string[] = [];
  let frozen = false;
  const erase = () => (table.length === 0 ? '' : `\x1b[${table.length}A\x1b[J`);
  const draw = () => table.map(line => `${line}\n`).join('');
  return {
    say: line => void output.write(`${erase()}${line}\n${draw()}`),
    show(views, address) {
      if (frozen) return;
      const before = erase();
      table = ['', ...renderTable(views, address, { colour: fits(renderTable(views, address), output.columns) })];
      table = table.map(line => clip(line, output.columns));
      output.write(before + draw());
    },
    freeze() {
      frozen = true;
      table = [];
    },
  };
}

/** Colour codes take no columns, so a line that has to be clipped goes without. */
function fits(lines: readonly string[], columns = 80): boolean {
  return lines.every(line => line.length < columns);
}

function clip(line: string, columns = 80): string {
  return line.includes('\x1b') ? line : line.slice(0, columns - 1);
}

/** For logs and pipes: a line for each cell that changed. */
function plainScreen(output: Terminal): Screen {
  let last: readonly NodeView[] = [];
  return {
    say: line => void output.write(`${line}\n`),
    show(views, address) {
      for (const line of describeChanges(last, views, address)) output.write(`${line}\n`);
      last = views;
    },
    freeze: () => {},
  };
}
