import type { Stage } from './stage/stage.ts';
import { megabytes } from './view/quantity.ts';

/** What each image cost the registry; every node pulls for itself. */
export function summarise({ ground, images }: Pick<Stage, 'ground' | 'images'>): readonly string[] {
  const log = ground.registry.log();
  const nodes = ground.nodes.length;
  const rows = images.map(({ name }) => {
    const own = log.filter(fetch => fetch.image === name);
    const bytes = own.reduce((sum, fetch) => sum + fetch.bytes, 0);
    const short = name.replace(`${ground.registry.address}/`, '');
    return [short, `${own.length}`, (own.length / nodes).toFixed(1), megabytes(bytes)];
  });
  const table = [['image', 'registry requests', 'per node', 'sent'], ...rows];
  const widths = [0, 1, 2, 3].map(column => Math.max(...table.map(row => row[column]?.length ?? 0)));
  return table.map(
    row =>
      `  ${row.map((text, n) => (n === 0 ? text.padEnd(widths[n] ?? 0) : text.padStart(widths[n] ?? 0))).join('  ')}`,
  );
}
