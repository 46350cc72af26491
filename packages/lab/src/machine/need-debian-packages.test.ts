import { expect, test } from 'vitest';
import { needDebianPackages } from './need-debian-packages.ts';

const absent = { package: 'kpf-absent', program: 'kpf-absent-program', why: 'prove a point' };

test('nothing happens where every program is there', async () => {
  const said: string[] = [];
  await needDebianPackages([{ package: 'coreutils', program: 'ls', why: 'list files' }], {
    say: line => said.push(line),
  });
  expect(said).toEqual([]);
});

test('who may not install is told what is missing and why', async () => {
  await expect(needDebianPackages([absent], { uid: 1000 })).rejects.toThrow(
    'kpf-absent (program kpf-absent-program), to prove a point',
  );
});
