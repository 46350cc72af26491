import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ALERTS } from '../monitoring/index.ts';

const documented = [...readFileSync('docs/metrics.md', 'utf8').matchAll(/^\| `(kube_prefetch_\w+)` \| (\w+) \|/gm)].map(
  ([, name = '', type]) => ({ name, type }),
);
/** As samples are named. */
const samples = new Set(
  documented.flatMap(({ name, type }) =>
    type === 'histogram' ? ['_bucket', '_sum', '_count'].map(end => `${name}${end}`) : [name],
  ),
);

// That the programs have exactly the documented metrics is tested beside them.
test.each(ALERTS)('every metric of $name is one of docs/metrics.md', ({ expr }) => {
  const named = metricsIn(expr);
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter(name => !samples.has(name))).toEqual([]);
});

function metricsIn(expr: string): readonly string[] {
  return [...new Set(expr.match(/\bkube_prefetch_\w+/g))];
}
