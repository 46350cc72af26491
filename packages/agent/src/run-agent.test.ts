import { expect, test } from 'vitest';
import { createAgentBench, planOf } from '../testing/index.ts';

const MIB = 1024 * 1024;

test('what the plan names is pulled and reported present', async () => {
  const { clock, runtime, api, start } = createAgentBench();
  runtime.registry.publish('r.example/a:1', { sizeBytes: 10 * MIB, bytesPerSecond: 10 * MIB });
  runtime.registry.publish('r.example/b:1', { sizeBytes: 10 * MIB, bytesPerSecond: 10 * MIB });
  api.publish(planOf('r.example/a:1', 'r.example/b:1'));
  const { stop } = start();
  await clock.advance(500);
  expect([...api.cells().values()].map(cell => cell.state)).toEqual(['Pulling', 'Pulling']);
  await clock.advance(2_000);
  expect([...api.cells().values()].map(cell => cell.state)).toEqual(['Present', 'Present']);
  expect(runtime.pulls()).toBe(2);
  await stop();
  expect(clock.sleepers()).toBe(0);
});
