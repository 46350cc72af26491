import { expect, test } from 'vitest';
import { chooseGround, type GroundKind } from './choose-ground.ts';
import type { Ground, GroundOptions } from './ground.ts';

const ALL: readonly GroundKind[] = ['containerd', 'docker', 'memory'];

/** Grounds that start unless a reason says why they cannot; `tried` notes the order. */
function grounds(reasons: Partial<Record<GroundKind, string>>) {
  const tried: string[] = [];
  const start = (kind: GroundKind) => async () => {
    tried.push(kind);
    if (reasons[kind] !== undefined) throw new Error(reasons[kind]);
    return { description: kind } as Ground;
  };
  return { tried, table: { containerd: start('containerd'), docker: start('docker'), memory: start('memory') } };
}

function options(said: string[], signal = new AbortController().signal): GroundOptions {
  return { dir: '/nowhere', nodes: [], make: () => [], say: line => said.push(line), signal };
}

test('the first ground that works is taken, and no other is tried', async () => {
  const { tried, table } = grounds({});
  expect(await chooseGround(ALL, options([]), table)).toEqual({ description: 'containerd' });
  expect(tried).toEqual(['containerd']);
});

test('a ground that cannot be used is named with its reason before the next is tried', async () => {
  const said: string[] = [];
  const { table } = grounds({ containerd: 'only root may start it', docker: 'nothing answers' });
  expect(await chooseGround(ALL, options(said), table)).toEqual({ description: 'memory' });
  expect(said).toEqual(['Not on containerd: only root may start it', 'Not on docker: nothing answers']);
});

test('when none works the error names every reason', async () => {
  const { table } = grounds({ docker: 'nothing answers' });
  await expect(chooseGround(['docker'], options([]), table)).rejects.toThrow('Not on docker: nothing answers');
});

test('Ctrl-C while one starts does not try the next', async () => {
  const { tried, table } = grounds({ containerd: 'interrupted in the middle' });
  const signal = AbortSignal.abort(new Error('interrupted by SIGINT'));
  await expect(chooseGround(ALL, options([], signal), table)).rejects.toThrow('interrupted by SIGINT');
  expect(tried).toEqual(['containerd']);
});
