import { expect, test } from 'vitest';
import { chooseInfrastructure, type InfrastructureKind } from './choose-infrastructure.ts';
import type { Infrastructure, InfrastructureOptions } from './infrastructure.ts';

const ALL: readonly InfrastructureKind[] = ['containerd', 'docker', 'memory'];

/** Infrastructures that start unless a reason says why they cannot; `tried` notes the order. */
function infrastructures(reasons: Partial<Record<InfrastructureKind, string>>) {
  const tried: string[] = [];
  const start = (kind: InfrastructureKind) => async () => {
    tried.push(kind);
    if (reasons[kind] !== undefined) throw new Error(reasons[kind]);
    return { description: kind } as Infrastructure;
  };
  return { tried, table: { containerd: start('containerd'), docker: start('docker'), memory: start('memory') } };
}

function options(said: string[], signal = new AbortController().signal): InfrastructureOptions {
  return { dir: '/nowhere', nodes: [], make: () => [], say: line => said.push(line), signal };
}

test('the first infrastructure that works is taken, and no other is tried', async () => {
  const { tried, table } = infrastructures({});
  expect(await chooseInfrastructure(ALL, options([]), table)).toEqual({ description: 'containerd' });
  expect(tried).toEqual(['containerd']);
});

test('a infrastructure that cannot be used is named with its reason before the next is tried', async () => {
  const said: string[] = [];
  const { table } = infrastructures({ containerd: 'only root may start it', docker: 'nothing answers' });
  expect(await chooseInfrastructure(ALL, options(said), table)).toEqual({ description: 'memory' });
  expect(said).toEqual(['Not on containerd: only root may start it', 'Not on docker: nothing answers']);
});

test('when none works the error names every reason', async () => {
  const { table } = infrastructures({ docker: 'nothing answers' });
  await expect(chooseInfrastructure(['docker'], options([]), table)).rejects.toThrow('Not on docker: nothing answers');
});

test('Ctrl-C while one starts does not try the next', async () => {
  const { tried, table } = infrastructures({ containerd: 'interrupted in the middle' });
  const signal = AbortSignal.abort(new Error('interrupted by SIGINT'));
  await expect(chooseInfrastructure(ALL, options([], signal), table)).rejects.toThrow('interrupted by SIGINT');
  expect(tried).toEqual(['containerd']);
});
