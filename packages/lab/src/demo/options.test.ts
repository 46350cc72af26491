import { expect, test } from 'vitest';
import { readOptions } from './options.ts';

test.each([
  [[], { keep: false, help: false, grounds: ['containerd', 'docker', 'memory'] }],
  [['--keep'], { keep: true, help: false, grounds: ['containerd', 'docker', 'memory'] }],
  [['--on', 'docker'], { keep: false, help: false, grounds: ['docker'] }],
  [['-h'], { keep: false, help: true, grounds: ['containerd', 'docker', 'memory'] }],
])('%j', (args, options) => {
  expect(readOptions(args)).toEqual(options);
});

test.each([
  [['--on', 'podman'], '--on: expected containerd, docker, memory, got podman'],
  [['--kepp'], "Unknown option '--kepp'"],
])('%j is refused', (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});
