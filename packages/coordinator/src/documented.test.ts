import { readFileSync } from 'node:fs';
import { ERROR_STATUS } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { documentedMetrics, registeredMetrics } from '../testing/index.ts';
import { createMetrics } from './metrics.ts';

const page = (name: string) => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');

test('docs/metrics.md and the registry name the same metrics, types, labels and meanings', () => {
  const registered = registeredMetrics(createMetrics().registry);
  expect(registered.length).toBeGreaterThan(5);
  expect(documentedMetrics(page('metrics.md'), 'Coordinator')).toEqual(registered);
});

test('metric names say whose they are, and only counters end in _total', () => {
  for (const { name, type } of registeredMetrics(createMetrics().registry)) {
    expect(name).toMatch(/^kube_prefetch_coordinator_[a-z_]+$/);
    expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
  }
});

test('docs/errors.md has one entry for every error code, with its status, in the same order', () => {
  const rows = page('errors.md')
    .split('\n')
    .filter(line => line.startsWith('| `'))
    .map(line => line.split('|').map(cell => cell.trim()))
    .map(([, code = '', status, means, whatToDo]) => ({
      code: code.replaceAll('`', ''),
      status: Number(status),
      means,
      whatToDo,
    }));
  expect(rows.map(({ code, status }) => [code, status])).toEqual(Object.entries(ERROR_STATUS));
  for (const { means, whatToDo } of rows) expect([means, whatToDo]).not.toContain('');
});
