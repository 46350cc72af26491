import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { count } from './run-project.ts';

const json = (passed: number, failed: number, pending = 0) =>
  JSON.stringify({
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: pending,
    numTodoTests: 0,
    success: failed === 0,
    testResults: [],
  });

test.each([
  ['what ran is counted', 0, json(3, 0), { passed: 3, failed: 0, skipped: 0 }],
  ['failed tests are counted', 1, json(2, 1), { passed: 2, failed: 1, skipped: 0 }],
  ['skipped tests are told apart', 0, json(2, 0, 4), { passed: 2, failed: 0, skipped: 4 }],
  ['a run without a test is a failure', 0, json(0, 0), { passed: 0, failed: 1, skipped: 0 }],
  ['a run that only skipped is a failure', 0, json(0, 0, 5), { passed: 0, failed: 1, skipped: 5 }],
  ['an error outside of any test is a failure', 1, json(7, 0), { passed: 7, failed: 1, skipped: 0 }],
  ['a run that wrote no results is a failure', 0, undefined, { passed: 0, failed: 1, skipped: 0 }],
])('%s', (_, status, results, expected) => {
  expect(count(status, results)).toMatchObject(expected);
});

test('each failure is told with its file and its message, and a file that does not load with its own', () => {
  const failed = {
    status: 'failed',
    fullName: 'a page says so',
    failureMessages: ['\u001b[31mno such element\u001b[39m'],
  };
  const passed = { status: 'passed', fullName: 'another', failureMessages: [] };
  const testResults = [
    { name: resolve('a.test.ts'), status: 'failed', message: '', assertionResults: [passed, failed] },
    { name: resolve('b.test.ts'), status: 'failed', message: 'cannot be loaded', assertionResults: [] },
    { name: 'c.test.ts', status: 'passed', message: '', assertionResults: [passed] },
  ];
  const results = JSON.stringify({ ...JSON.parse(json(2, 1)), testResults });
  expect(count(1, results).failures).toEqual([
    'a.test.ts > a page says so\n    no such element',
    'b.test.ts\n    cannot be loaded',
  ]);
});
