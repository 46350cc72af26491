import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findProgram } from './find-program.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'find-program-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a program is found in the first folder of PATH that has it', () => {
  writeFileSync(join(folder, 'kpf-tool'), '', { mode: 0o755 });
  expect(findProgram('kpf-tool', `/nonexistent:${folder}`)).toBe(join(folder, 'kpf-tool'));
});

test('a file that may not be executed is not a program', () => {
  writeFileSync(join(folder, 'kpf-tool'), '', { mode: 0o644 });
  expect(findProgram('kpf-tool', folder)).toBeUndefined();
});

test('an absent program is undefined', () => {
  expect(findProgram('kpf-tool', folder)).toBeUndefined();
});
