import { expect, test } from 'vitest';
import { compileExclude } from './exclude-images.ts';

test.each([
  [[], 'nginx', false],
  [['nginx'], 'nginx', true],
  [['nginx'], 'nginx:latest', false],
  [['docker.io/library/nginx:latest'], 'nginx', true],
  [['docker.io/*'], 'nginx:1.27', true],
  [['docker.io/*'], 'r.example/docker.io/nginx', false],
  [['*/debug-*'], 'r.example/team/debug-tools:1', true],
  [['*/debug-*'], 'debug-tools:1', true],
  [['web', '*:1.27'], 'nginx:1.27', true],
  [['Nginx*'], 'Nginx:', true],
  [['docker.io/*'], 'Nginx:', false],
])('%j takes %s away: %j', (globs, image, excluded) => {
  expect(compileExclude(globs)(image)).toBe(excluded);
});
