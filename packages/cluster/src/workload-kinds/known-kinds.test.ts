import { readFileSync } from 'node:fs';
import { kindKey } from '@kube-prefetch/core';
import { expect, test } from 'vitest';
import { KNOWN_MAKERS, KNOWN_ROWS } from './known-kinds.ts';

const page = readFileSync(new URL('../../../../docs/workloads.md', import.meta.url), 'utf8');

test.each(KNOWN_ROWS.map(row => [kindKey(row), row] as const))(
  'docs/workloads.md tells what is read of a %s',
  (name, row) => {
    const line = page.split('\n').find(each => each.startsWith(`| \`${name}\` `));
    const { templates, replicas, suspend, reference, finished } = row;
    const paths = [...templates, replicas, suspend, reference, finished?.field?.path].flatMap(path => path?.text ?? []);
    for (const word of [...paths, ...(finished?.conditions ?? []), ...(finished?.field?.values ?? [])])
      expect(line).toContain(`\`${word}\``);
  },
);

test.each(KNOWN_MAKERS.map(maker => [kindKey(maker), maker] as const))(
  'docs/workloads.md tells what a %s stands for',
  (name, { makes }) => {
    const line = page.split('\n').find(each => each.startsWith(`| \`${name}\` `));
    expect(line).toContain(`${makes.kind}s`);
    expect(line).toContain(makes.label ?? 'controller');
  },
);

test('the known kinds are ten, each once', () => {
  expect(new Set(KNOWN_ROWS.map(kindKey)).size).toBe(10);
});
