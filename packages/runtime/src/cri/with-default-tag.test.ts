import { expect, test } from 'vitest';
import { withDefaultTag } from './with-default-tag.ts';

const DIGEST = `sha256:${'7c'.repeat(32)}`;

test.each([
  ['cafe', 'cafe:latest'],
  ['nginx', 'nginx:latest'],
  ['r.example:5000/team/app', 'r.example:5000/team/app:latest'],
  ['nginx:1.27', 'nginx:1.27'],
  [`nginx@${DIGEST}`, `nginx@${DIGEST}`],
  [`nginx:1.27@${DIGEST}`, `nginx:1.27@${DIGEST}`],
  ['Not A Reference', 'Not A Reference'],
  ['', ''],
])('%j is asked for as %j', (written, asked) => {
  expect(withDefaultTag(written)).toBe(asked);
});
