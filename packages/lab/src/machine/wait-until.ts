import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from './start-child.ts';

const LOOK_EVERY_MS = 50;
const TAIL_LINES = 15;

/** What a condition answers once it is met. */
export type Met<T> = Exclude<T, false | 0 | '' | null | undefined | void>;

/**
 * Looks until the condition answers something truthy, and answers it. Throws when it takes too long, when the signal aborts,
 * or as soon as `child` has exited; the error ends with the child's last log lines. A condition that throws is not met yet.
 */
export async function waitUntil<T>(
  condition: () => T | Promise<T>,
  what: string,
  timeoutMs: number,
  { child, signal }: { child?: Child; signal?: AbortSignal } = {},
): Promise<Met<T>> {
  const untilMs = performance.now() + timeoutMs;
  let lastError: Error | undefined;
  for (;;) {
    try {
      const answer = await condition();
      if (answer) return answer as Met<T>;
      lastError = undefined;
    } catch (error) {
      lastError = error as Error;
    }
    signal?.throwIfAborted();
    if (child?.running() === false) throw new Error(`${child.name} exited while waiting for ${what}${tailOf(child)}`);
    if (performance.now() > untilMs) {
      const because = lastError === undefined ? '' : `: ${lastError.message}`;
      throw new Error(`waited ${timeoutMs} ms in vain for ${what}${because}${tailOf(child)}`, { cause: lastError });
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

function tailOf(child: Child | undefined): string {
  if (child === undefined) return '';
  const lines = readFileSync(child.logFile, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES);
  return `\nThe last lines of ${child.logFile}:\n${lines.join('\n')}`;
}
