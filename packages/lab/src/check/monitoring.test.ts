import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ALERTS, buildDashboard, queriesOf } from '../monitoring/index.ts';

const documented = [...readFileSync('docs/metrics.md', 'utf8').matchAll(/^\| `(kube_prefetch_\w+)` \| (\w+) \|/gm)].map(
  ([, name = '', type]) => ({ name, type }),
);
/** As samples are named. */
const samples = new Set(
  documented.flatMap(({ name, type }) =>
    type === 'histogram' ? ['_bucket', '_sum', '_count'].map(end => `${name}${end}`) : [name],
  ),
);

const dashboard = buildDashboard();
const panels = queriesOf(dashboard, '1m');

// That the programs have exactly the documented metrics is tested beside them.
test.each(ALERTS)('every metric of $name is one of docs/metrics.md', ({ expr }) => {
  const named = metricsIn(expr);
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter(name => !samples.has(name))).toEqual([]);
});

test('every metric of the dashboard is one of docs/metrics.md, and every one of these is on it', () => {
  const named = new Set(panels.flatMap(({ queries }) => queries.flatMap(metricsIn)));
  expect([...named].filter(name => !samples.has(name))).toEqual([]);
  const shown = ({ name }: (typeof documented)[number]) => [name, `${name}_bucket`].some(sample => named.has(sample));
  expect(documented.filter(metric => !shown(metric)).map(({ name }) => name)).toEqual([]);
});

test('every panel asks the chosen source for the chosen installation, and none lies over another', () => {
  const { panels: placed = [], templating } = dashboard;
  expect(templating.list?.map(({ name }) => name)).toEqual(['datasource', 'cluster', 'namespace', 'job']);
  expect(new Set(placed.map(({ id }) => id)).size).toBe(placed.length);
  const taken = new Map<string, string>();
  for (const panel of placed) {
    const { title = '', gridPos } = panel;
    for (let x = gridPos?.x ?? 0; x < (gridPos?.x ?? 0) + (gridPos?.w ?? 0); x += 1) {
      for (let y = gridPos?.y ?? 0; y < (gridPos?.y ?? 0) + (gridPos?.h ?? 0); y += 1) {
        expect([title, x < 24, taken.get(`${x},${y}`)]).toEqual([title, true, undefined]);
        taken.set(`${x},${y}`, title);
      }
    }
    if (!('targets' in panel)) continue;
    // Else an hour of them is too much for Prometheus where there are thousands: docs/monitoring.md.
    if (JSON.stringify(panel.targets).includes('kube_prefetch_agent_')) {
      expect([title, panel.maxDataPoints]).toEqual([title, 120]);
    }
    for (const target of panel.targets ?? []) {
      expect(target).toMatchObject({ datasource: { uid: '${datasource}' } });
      const { expr } = target as unknown as { readonly expr: string };
      const choices = expr.match(/\{cluster=~"\$cluster", namespace=~"\$namespace", job=~"\$job"/g) ?? [];
      expect([title, choices.length]).toEqual([title, (expr.match(/kube_prefetch_/g) ?? []).length]);
    }
  }
});

function metricsIn(expr: string): readonly string[] {
  return [...new Set(expr.match(/\bkube_prefetch_\w+/g))];
}
