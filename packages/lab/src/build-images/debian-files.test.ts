import { expect, test } from 'vitest';
import { parseLdd } from './debian-files.ts';

test('libraries and the loader are taken from ldd, what the kernel maps is not', () => {
  const output = `\tlinux-vdso.so.1 (0x00007ffd0a3f2000)
\tlibstdc++.so.6 => /lib/x86_64-linux-gnu/libstdc++.so.6 (0x00007f8ee0e00000)
\t/lib64/ld-linux-x86-64.so.2 (0x00007f8ee11c6000)
`;
  expect(parseLdd(output)).toEqual(['/lib/x86_64-linux-gnu/libstdc++.so.6', '/lib64/ld-linux-x86-64.so.2']);
});

test('a library that the machine lacks is an error', () => {
  expect(() => parseLdd('\tlibatomic.so.1 => not found\n')).toThrow('libatomic.so.1');
});
