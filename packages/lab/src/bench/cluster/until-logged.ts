import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 5;
const MAX_MS = 120_000;

/**
 * When the first line that fits is written to a log from now on, by the wall clock. The registry's own times are whole
 * seconds.
 */
export async function untilLogged(file: string, fits: (line: string) => boolean): Promise<number> {
  const log = openSync(file, 'r');
  const untilMs = Date.now() + MAX_MS;
  try {
    let at = fstatSync(log).size;
    let rest = '';
    while (Date.now() < untilMs) {
      const buffer = Buffer.alloc(64 * 1024);
      const length = readSync(log, buffer, 0, buffer.length, at);
      const nowMs = Date.now();
      at += length;
      const lines = (rest + buffer.toString('utf8', 0, length)).split('\n');
      rest = lines.pop() ?? '';
      if (lines.some(fits)) return nowMs;
      if (length === 0) await sleep(LOOK_EVERY_MS);
    }
    throw new Error(`waited ${MAX_MS} ms in vain for a line in ${file}`);
  } finally {
    closeSync(log);
  }
}
