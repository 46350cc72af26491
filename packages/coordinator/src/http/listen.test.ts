import { expect, test } from 'vitest';
import { everyAddress } from './listen.ts';

const address = { address: '', netmask: '', mac: '', internal: true, cidr: null };

test.each([
  ['no network', {}, '0.0.0.0'],
  ['IPv4 alone', { lo: [{ ...address, family: 'IPv4' as const }] }, '0.0.0.0'],
  ['both', { lo: [{ ...address, family: 'IPv6' as const, scopeid: 0 }], eth0: undefined }, '::'],
])('every address, with %s', (_case, interfaces, expected) => {
  expect(everyAddress(interfaces)).toBe(expected);
});
