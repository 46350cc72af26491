import { readFileSync } from 'node:fs';
import { freePort, runProgram } from '@kube-prefetch/lab/machine';
import { expect, test } from 'vitest';

const MODULE = new URL('../../packages/lab/src/machine/free-port.ts', import.meta.url).href;

test('ports are given once each, and none that an outgoing connection could have taken meanwhile', async () => {
  const [startOfOutgoing] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/).map(Number);
  const ports = await Promise.all(Array.from({ length: 50 }, () => freePort()));
  expect(new Set(ports).size).toBe(ports.length);
  // Where outgoing connections may have nearly every port there is nothing better.
  expect(Math.max(...ports)).toBeLessThan(Math.max(startOfOutgoing ?? 0, 21_000));
});

test('another process is given none of them, also while nobody listens there', async () => {
  const ports = await Promise.all(Array.from({ length: 400 }, () => freePort()));
  const script = `const { freePort } = await import(${JSON.stringify(MODULE)});
    console.log(JSON.stringify(await Promise.all(Array.from({ length: 400 }, () => freePort()))));`;
  const others = JSON.parse(await runProgram(process.execPath, ['--input-type=module', '--eval', script]));
  expect(others.filter((port: number) => ports.includes(port))).toEqual([]);
});
