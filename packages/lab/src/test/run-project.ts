import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ProjectResult {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface VitestJson {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly success: boolean;
}

/**
 * Runs one project of vitest.config.ts, showing what vitest prints, and counts what ran. A run that fails without a failed
 * test (a file that does not load, an unhandled error) or that ran nothing counts as one failure.
 */
export async function runProject(project: string): Promise<ProjectResult> {
  const folder = await mkdtemp(join(tmpdir(), 'kube-prefetch-results-'));
  const file = join(folder, 'results.json');
  try {
    const status = await vitest([
      'run',
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile=${file}`,
    ]);
    return count(status, await readFile(file, 'utf8').catch(() => undefined));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function count(status: number, json: string | undefined): ProjectResult {
  if (json === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const results = JSON.parse(json) as VitestJson;
  const ranNothing = results.numPassedTests + results.numFailedTests === 0;
  const failedOtherwise = (status !== 0 || !results.success || ranNothing) && results.numFailedTests === 0;
  return {
    passed: results.numPassedTests,
    failed: results.numFailedTests + (failedOtherwise ? 1 : 0),
    skipped: results.numPendingTests + results.numTodoTests,
  };
}

function vitest(args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const env = process.stdout.isTTY ? process.env : { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined };
    const child = spawn('vitest', args, { stdio: ['ignore', 'inherit', 'inherit'], env });
    child.on('error', reject);
    child.on('close', code => resolve(code ?? 1));
  });
}
