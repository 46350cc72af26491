import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';

/** One thing that must hold before every commit. */
export interface CheckStep {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

/** Everything but the unit tests, cheapest first. */
export const STEPS: readonly CheckStep[] = [
  { name: 'format', command: ['biome', 'format', '.'] },
  { name: 'generated files', command: ['node', 'packages/lab/src/gen/main.ts', '--check'] },
  { name: 'types', command: ['tsc', '-p', '.'] },
  { name: 'types of the page', command: ['tsc', '-p', 'packages/dashboard'] },
  { name: 'lint', command: ['oxlint', '--deny-warnings'] },
  { name: 'unused code', command: ['knip'] },
];

/** `npm test` counts them instead. */
export const UNIT_TESTS: CheckStep = {
  name: 'unit tests',
  command: ['vitest', 'run', '--project', 'unit', '--reporter=dot', '--silent=passed-only'],
};

/** Runs the steps one after the other, a line each; a failed step's output follows its line. Resolves to the failed ones. */
export async function runSteps(steps: readonly CheckStep[]): Promise<readonly CheckStep[]> {
  const failed: CheckStep[] = [];
  for (const step of steps) {
    const startMs = performance.now();
    const { status, output } = await capture(step.command);
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${step.name} (${seconds} s)`);
    if (status !== 0) {
      failed.push(step);
      console.log(`       ${step.command.join(' ')}\n${output}`);
    }
  }
  return failed;
}

function capture([program, ...args]: CheckStep['command']): Promise<{ status: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', chunk => (output += String(chunk)));
    child.stderr.on('data', chunk => (output += String(chunk)));
    child.on('error', reject);
    child.on('close', code => resolve({ status: code ?? 1, output }));
  });
}
