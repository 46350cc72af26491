import type { Outcome } from './acts/act.ts';
import type { Stage } from './stage/stage.ts';
import { megabytes } from './view/quantity.ts';

/** Measured times, and what each image cost the registry: every node pulls for itself. */
export function summarise(
  { ground, images }: Pick<Stage, 'ground' | 'images'>,
  outcomes: readonly Outcome[],
): readonly string[] {
  const log = ground.registry.log();
  const traffic = images.map(({ name }) => {
    const own = log.filter(fetch => fetch.image === name);
    const bytes = own.reduce((sum, fetch) => sum + fetch.bytes, 0);
    const short = name.replace(`${ground.registry.address}/`, '');
    return [short, `${own.length}`, (own.length / ground.nodes.length).toFixed(1), megabytes(bytes)];
  });
  return [
    ...align(outcomes.flatMap(({ measured }) => measured)),
    '',
    ...align([['image', 'registry requests', 'per node', 'bytes sent'], ...traffic]),
    '  (with those for the pull of act 3)',
  ];
}

function align(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)));
  return rows.map(([first = '', ...rest]) => {
    const cells = rest.map((text, n) => text.padStart(widths[n + 1] ?? 0));
    return `  ${[first.padEnd(widths[0] ?? 0), ...cells].join('  ')}`;
  });
}
