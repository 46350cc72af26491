import type { Registry } from 'prom-client';

export interface MetricRow {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly meaning: string;
}

/** The rows of one section's table of docs/metrics.md, by name. */
export function documentedMetrics(markdown: string, section: string): readonly MetricRow[] {
  const [, body = ''] = markdown.split(`\n## ${section}\n`);
  const [own = ''] = body.split('\n## ');
  return own
    .split('\n')
    .filter(line => line.startsWith('| `'))
    .map(line => {
      const [name = '', type = '', labels = '', meaning = ''] = line
        .split('|')
        .slice(1)
        .map(cell => cell.trim());
      return {
        name: name.replaceAll('`', ''),
        type,
        labels: [...labels.matchAll(/`(\w+)`/g)].map(found => found[1] ?? ''),
        meaning,
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What a registry would expose, in the same form. */
export function registeredMetrics(registry: Registry): readonly MetricRow[] {
  return registry
    .getMetricsAsArray()
    .map(metric => {
      const { name, type, help } = metric;
      // Not in the library's types, but on every metric that it makes.
      const { labelNames } = metric as unknown as { labelNames: readonly string[] };
      return { name, type, labels: [...labelNames], meaning: help };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
