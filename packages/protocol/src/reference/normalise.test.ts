import { expect, test } from 'vitest';
import { normaliseReference, registryOf } from './normalise.ts';
import { InvalidReference } from './parse.ts';

const DIGEST = `sha256:${'b'.repeat(64)}`;

test.each([
  ['nginx', 'docker.io/library/nginx:latest', 'docker.io'],
  ['nginx:1.27', 'docker.io/library/nginx:1.27', 'docker.io'],
  ['team/app', 'docker.io/team/app:latest', 'docker.io'],
  ['docker.io/nginx', 'docker.io/library/nginx:latest', 'docker.io'],
  ['index.docker.io/nginx:1', 'docker.io/library/nginx:1', 'docker.io'],
  ['docker.io/library/nginx', 'docker.io/library/nginx:latest', 'docker.io'],
  [`nginx@${DIGEST}`, `docker.io/library/nginx@${DIGEST}`, 'docker.io'],
  [`nginx:1.27@${DIGEST}`, `docker.io/library/nginx:1.27@${DIGEST}`, 'docker.io'],
  ['localhost/app', 'localhost/app:latest', 'localhost'],
  ['localhost:5000/app', 'localhost:5000/app:latest', 'localhost:5000'],
  ['[::1]:5000/app', '[::1]:5000/app:latest', '[::1]:5000'],
  ['registry.k8s.io/pause:3.10', 'registry.k8s.io/pause:3.10', 'registry.k8s.io'],
  ['Registry/app', 'Registry/app:latest', 'Registry'],
  ['my_registry.example/app', 'my_registry.example/app:latest', 'my_registry.example'],
])('%s is %s, from %s', (text, normal, registry) => {
  expect(normaliseReference(text)).toBe(normal);
  expect(registryOf(text)).toBe(registry);
  expect(normaliseReference(normal)).toBe(normal);
});

test('a malformed reference has neither a canonical form nor a registry', () => {
  expect(() => normaliseReference('Nginx')).toThrow(InvalidReference);
  expect(() => registryOf('Nginx')).toThrow(InvalidReference);
});
