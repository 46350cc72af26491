import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';

export interface ProjectResult {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What failed and how it was said: a text of several lines for each, at most MOST_FAILURES. */
  readonly failures: readonly string[];
}

const MOST_FAILURES = 20;
const LINES_OF_A_FAILURE = 15;

interface VitestJson {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[] | null;
    }[];
  }[];
}

/**
 * Runs one project of vitest.config.ts, showing what vitest prints (labelled: each line behind the project's name), and counts
 * what ran. A run that fails without a failed test (a file that does not load, an unhandled error) or that ran nothing counts
 * as one failure.
 */
export async function runProject(project: string, labelled = false): Promise<ProjectResult> {
  const folder = await mkdtemp(join(tmpdir(), 'kube-prefetch-results-'));
  const file = join(folder, 'results.json');
  try {
    const args = ['run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile=${file}`];
    const status = await vitest(args, labelled ? `${project}| ` : undefined);
    return count(status, await readFile(file, 'utf8').catch(() => undefined));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function count(status: number, json: string | undefined): ProjectResult {
  if (json === undefined) return { passed: 0, failed: 1, skipped: 0, failures: ['The run wrote no results.'] };
  const results = JSON.parse(json) as VitestJson;
  const ranNothing = results.numPassedTests + results.numFailedTests === 0;
  const failedOtherwise = (status !== 0 || !results.success || ranNothing) && results.numFailedTests === 0;
  return {
    passed: results.numPassedTests,
    failed: results.numFailedTests + (failedOtherwise ? 1 : 0),
    skipped: results.numPendingTests + results.numTodoTests,
    failures: failuresIn(results).slice(0, MOST_FAILURES),
  };
}

function failuresIn(results: VitestJson): readonly string[] {
  return results.testResults.flatMap(file => {
    const tests = file.assertionResults
      .filter(test => test.status === 'failed')
      .map(test =>
        describeFailure(`${relative('', file.name)} > ${test.fullName}`, test.failureMessages?.join('\n') ?? ''),
      );
    return tests.length === 0 && file.status === 'failed'
      ? [describeFailure(relative('', file.name), file.message)]
      : tests;
  });
}

function describeFailure(what: string, message: string): string {
  const lines = stripVTControlCharacters(message)
    .split('\n')
    .filter(line => !line.includes('/node_modules/'));
  return [what, ...lines.slice(0, LINES_OF_A_FAILURE).map(line => `    ${line}`)].join('\n');
}

function vitest(args: readonly string[], label: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const plain = label !== undefined || !process.stdout.isTTY;
    const env = plain ? { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined } : process.env;
    const output = label === undefined ? 'inherit' : 'pipe';
    const child = spawn('vitest', args, { stdio: ['ignore', output, output], env });
    for (const lines of [child.stdout, child.stderr]) {
      if (lines !== null) createInterface(lines).on('line', line => console.log(`${label}${line}`));
    }
    child.on('error', reject);
    child.on('close', code => resolve(code ?? 1));
  });
}
