import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome } from './steps/step.ts';
import type { DemoSystem } from './system/system.ts';
import { megabytes } from './view/describe.ts';

/** Measured times, and what each image cost the registry: every node pulls for itself. */
export function summarise(
  { infrastructure, images }: Pick<DemoSystem, 'infrastructure' | 'images'>,
  outcomes: readonly Outcome[],
): readonly string[] {
  const log = infrastructure.registry.log();
  const traffic = images.map(({ name }) => {
    const own = log.filter(fetch => fetch.image === name);
    const bytes = own.reduce((sum, fetch) => sum + fetch.bytes, 0);
    const short = name.replace(`${infrastructure.registry.address}/`, '');
    return [short, `${own.length}`, (own.length / infrastructure.nodes.length).toFixed(1), megabytes(bytes)];
  });
  return [
    ...align(outcomes.flatMap(({ measured }) => measured)),
    '',
    ...align([['image', 'registry requests', 'per node', 'bytes sent'], ...traffic]),
    '  (with those for the pull of step 3)',
  ];
}

function align(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)));
  return rows.map(([first = '', ...rest]) => {
    const cells = rest.map((text, n) => text.padStart(widths[n + 1] ?? 0));
    return `  ${[first.padEnd(widths[0] ?? 0), ...cells].join('  ')}`;
  });
}

const LINES = 6;
/** The coordinator logs every answer, and the demo asks often. */
const NOISE = '"request answered"';

/** The end of every program's log, for a failure whose reason is not in its message. */
export function logTails(dir: string): readonly string[] {
  return globSync('*/*.log', { cwd: dir }).flatMap(file => {
    const lines = readFileSync(join(dir, file), 'utf8').trimEnd().split('\n');
    return [`\n${file}`, ...lines.filter(line => !line.includes(NOISE)).slice(-LINES)];
  });
}
