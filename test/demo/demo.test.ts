import { readBlock } from '@kube-prefetch/lab/docs';
import { waitUntil } from '@kube-prefetch/lab/machine';
import type { Overview } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { runDemo } from './run-demo.ts';

const STEPS = [
  'Step 1: every node becomes warm because a directory of manifests asks for it',
  'Step 2: one image, the most urgent, fails with the reason and delayed no other',
  "Step 3: an image that is deleted behind the agent's back comes back",
  'Step 4: a manifest is edited and the new image becomes warm; then the registry is left alone',
  'Step 5: the registry is stopped, and a container of every warm image starts on every node',
];

function startDemo(...args: readonly string[]) {
  const instead = { 'npm run demo': `npm run demo -- ${args.join(' ')}` };
  return runDemo(readBlock('README.md', 'npm run demo', { instead, leftOut: ['npm test'] }));
}

test('on three real containerds every step holds, and nothing is left behind', async () => {
  using demo = startDemo();
  await demo.ends(0);
  expect(demo.output()).toContain('Running on 3 real containerds');
  expect(linesOfSteps(demo.output())).toEqual(STEPS.flatMap(step => [step, 'held']));
  expect(demo.output()).toContain('shop/missing:9 is NotFound on every node');
  expect(demo.output()).toContain('9 images on nodes are still there, and a container of each started');
  expect(demo.output()).toMatch(/All 5 steps held.*\n(.*\n)*.*registry requests for warm images in 3\.00 s .* 0\n/);
  expect(demo.leftovers()).toEqual([]);
});

test('Ctrl-C in the middle ends it and leaves nothing behind', async () => {
  using demo = startDemo();
  await demo.printed(STEPS[1] as string);
  demo.signal('SIGINT');
  await demo.ends('SIGINT'); // npm's own end; the demo's comes before it
  expect(demo.output()).toMatch(/Interrupted\.\nEverything that was started is stopped and removed\.\n$/);
  expect(demo.leftovers()).toEqual([]);
});

test('killed in the middle it leaves nothing behind either', async () => {
  using demo = startDemo();
  await demo.printed(STEPS[0] as string);
  expect(demo.leftovers()).not.toEqual([]);
  demo.signal('SIGKILL');
  await waitUntil(() => demo.leftovers().length === 0, 'everything it started to be gone', 120_000);
});

test('--keep leaves it running, with the registry, until Ctrl-C', async () => {
  using demo = startDemo('--keep');
  await demo.printed('Left running until Ctrl-C');
  const [, url = ''] = /curl (\S+\/v1\/overview)/.exec(demo.output()) ?? [];
  const overview = (await (await fetch(url)).json()) as Overview;
  expect(overview.nodes.map(({ name, agent }) => `${name} ${agent}`)).toEqual([
    'node-1 Reporting',
    'node-2 Reporting',
    'node-3 Reporting',
  ]);
  demo.signal('SIGINT');
  await demo.ends('SIGINT');
  expect(demo.output()).toMatch(/\nEverything that was started is stopped and removed\.\n$/);
  expect(demo.leftovers()).toEqual([]);
});

test('on a Docker Engine it plays the same steps with one node', async () => {
  using demo = startDemo('--on', 'docker');
  await demo.ends(0);
  expect(demo.output()).toContain('Running on one real Docker Engine');
  expect(linesOfSteps(demo.output())).toEqual(STEPS.flatMap(step => [step, 'held']));
  expect(demo.leftovers()).toEqual([]);
});

test('on stand-ins in memory it says what it cannot show', async () => {
  using demo = startDemo('--on', 'memory');
  await demo.ends(0);
  expect(demo.output()).toContain('only exist in memory: no byte moves, no container starts');
  expect(demo.output()).toContain('not shown: containers that start');
  expect(demo.leftovers()).toEqual([]);
});

test('a wrong argument is refused before anything starts', async () => {
  using demo = startDemo('--on', 'podman');
  await demo.ends(1);
  expect(demo.output()).toContain('--on: expected containerd, docker, memory, got podman');
});

/** Each step's line, followed by `held` where at least one line below says so. */
function linesOfSteps(output: string): readonly string[] {
  const lines = output.split('\n').filter(line => /^(Step \d:|  held:)/.test(line));
  const short = lines.map(line => (line.startsWith('Step') ? line : 'held'));
  return short.filter((line, n) => line !== short[n - 1]);
}
