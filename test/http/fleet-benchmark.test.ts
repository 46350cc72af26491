import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { runProgram } from '@kube-prefetch/lab/machine';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../../packages/lab/src/bench/fleet/main.ts', import.meta.url));
const SMALL = ['--nodes', '200', '--images', '50', '--seconds', '1', '--rounds', '1'];
const leftovers = () => readdirSync(tmpdir()).filter(name => name.startsWith('kp-fleet-'));

test('the fleet benchmark measures a small fleet to its end, and leaves nothing', async () => {
  const before = leftovers();
  const output = await runProgram(process.execPath, [MAIN, ...SMALL]);
  for (const figure of ['every agent, all nodes, p99', 'restart to complete status', 'steady memory', 'replanning'])
    expect(output).toMatch(new RegExp(`${figure}.*\\d`));
  expect(output).toContain('200 × 50');
  expect(leftovers()).toEqual(before);
});
