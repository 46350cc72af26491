import { expect, test } from 'vitest';
import { writeTar } from './write-tar.ts';

function field(header: Buffer, start: number, length: number): string {
  return header.toString('latin1', start, start + length).replace(/[\0 ]+$/, '');
}

test('a header names path, mode and size, and its checksum holds', () => {
  const tar = writeTar([{ path: '/bin/hello', contents: Buffer.from('program'), executable: true }]);
  const header = tar.subarray(0, 512);
  expect(field(header, 0, 100)).toBe('bin/hello');
  expect(field(header, 100, 8)).toBe('0000755');
  expect(Number.parseInt(field(header, 124, 12), 8)).toBe(7);
  expect(field(header, 257, 5)).toBe('ustar');
  const blanked = Buffer.from(header).fill(' ', 148, 156);
  expect(Number.parseInt(field(header, 148, 8), 8)).toBe(blanked.reduce((sum, byte) => sum + byte, 0));
});

test.each([
  [0, 1],
  [1, 2],
  [512, 2],
  [513, 3],
])('%i bytes of contents make %i blocks before the two that end an archive', (length, blocks) => {
  expect(writeTar([{ path: 'x', contents: Buffer.alloc(length) }]).length).toBe((blocks + 2) * 512);
});

test('a path that does not fit is refused', () => {
  expect(() => writeTar([{ path: 'x'.repeat(101), contents: Buffer.alloc(0) }])).toThrow('at most 100 bytes');
});

test('a folder has its own mode and owner, and no contents', () => {
  const tar = writeTar([{ folder: 'tmp', mode: 0o1777, owner: 65532 }]);
  expect(tar.length).toBe(3 * 512);
  expect(field(tar, 0, 100)).toBe('tmp/');
  expect(field(tar, 100, 8)).toBe('0001777');
  expect(Number.parseInt(field(tar, 108, 8), 8)).toBe(65532);
  expect(field(tar, 156, 1)).toBe('5');
});
