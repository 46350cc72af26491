import { expect, test } from 'vitest';
import { nameInPath, withDefaultTag } from './name-image.ts';

const DIGEST = `sha256:${'7c'.repeat(32)}`;

test.each([
  ['cafe', 'cafe:latest'],
  ['nginx', 'nginx:latest'],
  ['r.example:5000/team/app', 'r.example:5000/team/app:latest'],
  ['nginx:1.27', 'nginx:1.27'],
  [`nginx@${DIGEST}`, `nginx@${DIGEST}`],
  [`nginx:1.27@${DIGEST}`, `nginx:1.27@${DIGEST}`],
])('%j is named %j to a runtime', (written, named) => {
  expect(withDefaultTag(written)).toBe(named);
  expect(nameInPath(written)).toBe(named);
});

test.each(['../containers', 'Nginx', 'nginx:', ' nginx', 'a?b', 'Not A Reference', ''])(
  '%j is left to the runtime as it is, but never put into a path',
  image => {
    expect(withDefaultTag(image)).toBe(image);
    expect(() => nameInPath(image)).toThrow('expected an image reference');
  },
);
