import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CONDITION_REASONS, type ConditionType } from './reasons.ts';

const docs = readFileSync(new URL('../../../../docs/status.md', import.meta.url), 'utf8');

test.each(Object.keys(CONDITION_REASONS) as ConditionType[])(
  'docs/status.md lists every reason of %s with its status',
  type => {
    const [, section = ''] = docs.split(`\n## ${type}\n`);
    const [table = ''] = section.split('\n## ');
    const rows = [...table.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(([, reason, status]) => [reason, status]);
    expect(new Map(rows as [string, string][])).toEqual(new Map(Object.entries(CONDITION_REASONS[type])));
  },
);
