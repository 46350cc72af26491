import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runProgram, scratchFolder } from '@kube-prefetch/lab/machine';
import { afterAll, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../../packages/lab/src/bench/fleet/main.ts', import.meta.url));
const SMALL = ['--nodes', '200', '--images', '50', '--seconds', '1', '--rounds', '1'];
/** Of its own: somebody else may measure a fleet on this machine. */
const scratch = scratchFolder('kp-bench');
afterAll(() => scratch.remove());

test('the fleet benchmark measures a small fleet to its end, and leaves nothing', async () => {
  const output = await runProgram(process.execPath, [MAIN, ...SMALL], { env: { TMPDIR: scratch.path } });
  for (const figure of ['every agent, all nodes, p99', 'restart to complete status', 'steady memory', 'replanning'])
    expect(output).toMatch(new RegExp(`${figure}.*\\d`));
  expect(output).toContain('200 × 50');
  expect(readdirSync(scratch.path)).toEqual([]);
});
