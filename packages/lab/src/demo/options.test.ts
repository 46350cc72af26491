import { expect, test } from 'vitest';
import { readOptions } from './options.ts';

test.each([
  [[], { keep: false, help: false, infrastructures: ['containerd', 'docker', 'memory'] }],
  [['--keep'], { keep: true, help: false, infrastructures: ['containerd', 'docker', 'memory'] }],
  [['--on', 'docker'], { keep: false, help: false, infrastructures: ['docker'] }],
  [['-h'], { keep: false, help: true, infrastructures: ['containerd', 'docker', 'memory'] }],
])('%j', (args, options) => {
  expect(readOptions(args)).toEqual(options);
});

test.each([
  [['--on', 'podman'], '--on: expected containerd, docker, memory, got podman'],
  [['--kepp'], "Unknown option '--kepp'"],
])('%j is refused', (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});
