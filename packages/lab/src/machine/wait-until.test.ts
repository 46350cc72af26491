import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Child } from './start-child.ts';
import { waitUntil } from './wait-until.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wait-until-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function aChild(log: string, running: boolean): Child {
  const logFile = join(folder, 'log');
  writeFileSync(logFile, log);
  return { name: 'server', logFile, running: () => running } as Child;
}

test('answers what the condition answered', async () => {
  let looks = 0;
  expect(await waitUntil(() => (++looks === 2 ? 'here' : undefined), 'it', 5_000)).toBe('here');
});

test('a condition that throws is not met yet', async () => {
  let looks = 0;
  const condition = () => {
    if (++looks === 1) throw new Error('not yet');
    return true;
  };
  expect(await waitUntil(condition, 'it', 5_000)).toBe(true);
});

test('says what it waited for, the last error, and the end of the log', async () => {
  const child = aChild('first\nlast words\n', true);
  const condition = () => Promise.reject(new Error('connection refused'));
  await expect(waitUntil(condition, 'the socket', 0, { child })).rejects.toThrow(
    /waited 0 ms in vain for the socket: connection refused\n.*log:\nfirst\nlast words$/,
  );
});

test('a child that exited ends the wait at once', async () => {
  const child = aChild('panic\n', false);
  await expect(waitUntil(() => false, 'the socket', 60_000, { child })).rejects.toThrow(
    /^server exited while waiting for the socket\n.*\npanic$/,
  );
});

test('an aborted signal ends the wait with its reason', async () => {
  const signal = AbortSignal.abort(new Error('Ctrl-C'));
  await expect(waitUntil(() => false, 'it', 60_000, { signal })).rejects.toThrow('Ctrl-C');
});
