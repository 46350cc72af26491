import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CERTIFICATES, createRenewedFile, TOKEN } from './renewed-file.ts';

function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kp-kept-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('it is read as it is now, also where a link to it was replaced', async () => {
  const folder = aFolder();
  writeFileSync(join(folder, '1'), 'first');
  writeFileSync(join(folder, '2'), 'second');
  symlinkSync('1', join(folder, 'token'));
  const file = createRenewedFile(join(folder, 'token'), TOKEN);
  expect(await file.read()).toBe('first');
  symlinkSync('2', join(folder, 'next'));
  renameSync(join(folder, 'next'), join(folder, 'token'));
  expect(await file.read()).toBe('second');
});

test.each([
  ['', 'empty'],
  ['two words', 'no token'],
  ['x'.repeat(2_000_000), 'too long'],
])('while it is of no use it stays what it was (%#)', async contents => {
  const path = join(aFolder(), 'token');
  const file = createRenewedFile(path, TOKEN);
  writeFileSync(path, 'good\n');
  await file.read();
  writeFileSync(path, contents);
  expect(await file.read()).toBe('good\n');
  rmSync(path);
  expect(await file.read()).toBe('good\n');
});

test('one that never was of any use is named with the reason', async () => {
  const path = join(aFolder(), 'ca.crt');
  await expect(createRenewedFile(path, CERTIFICATES).read()).rejects.toThrow('ENOENT');
  writeFileSync(path, '');
  await expect(createRenewedFile(path, CERTIFICATES).read()).rejects.toThrow(
    `${path} does not hold a certificate in PEM`,
  );
});
