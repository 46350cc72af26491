import { expect, test } from 'vitest';
import { nameImage } from './name-image.ts';

const digest = `sha256:${'0'.repeat(64)}`;

test.each([
  ['nginx', 'nginx:latest'],
  ['cafe', 'cafe:latest'],
  ['nginx:1.27', 'nginx:1.27'],
  ['r.example:5000/app', 'r.example:5000/app:latest'],
  [`r.example/app@${digest}`, `r.example/app@${digest}`],
  [`r.example/app:1@${digest}`, `r.example/app:1@${digest}`],
])('an engine is asked for %s as %s', (image, name) => {
  expect(nameImage(image)).toBe(name);
});

test.each(['../containers', 'Nginx', 'nginx:', ' nginx', 'a?b', ''])(
  '%j is refused before it is part of a path',
  image => {
    expect(() => nameImage(image)).toThrow('expected an image reference');
  },
);
