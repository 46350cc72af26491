import { readFileSync } from 'node:fs';
import { freePort } from '@kube-prefetch/lab/machine';
import { expect, test } from 'vitest';

test('ports are given once each, and none that an outgoing connection could have taken meanwhile', async () => {
  const [startOfOutgoing] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/).map(Number);
  const ports = await Promise.all(Array.from({ length: 50 }, () => freePort()));
  expect(new Set(ports).size).toBe(ports.length);
  // Where outgoing connections may have nearly every port there is nothing better.
  expect(Math.max(...ports)).toBeLessThan(Math.max(startOfOutgoing ?? 0, 21_000));
});
