import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import { createHostAddresses, splitAddress } from './host-addresses.ts';

const never = new AbortController().signal;

/** A name server that answers as a test says, and counts. */
function aName() {
  const clock = createVirtualClock();
  let answer = async (): Promise<readonly string[]> => ['10.0.0.1', 'fd00::2'];
  let lookups = 0;
  const resolve = () => {
    lookups += 1;
    return answer();
  };
  const addresses = createHostAddresses({ host: 'kp.ns.svc', port: 7070, clock, resolve });
  return { clock, addresses, lookups: () => lookups, answer: (next: typeof answer) => void (answer = next) };
}

test('a name leads to all its addresses', async () => {
  const { addresses } = aName();
  expect(await addresses(never)).toEqual(['10.0.0.1:7070', '[fd00::2]:7070']);
});

test('an address is not looked up', async () => {
  const resolve = async () => expect.unreachable();
  const clock = createVirtualClock();
  expect(await createHostAddresses({ host: '127.0.0.1', port: 1, clock, resolve })(never)).toEqual(['127.0.0.1:1']);
  expect(await createHostAddresses({ host: '::1', port: 1, clock, resolve })(never)).toEqual(['[::1]:1']);
});

test('a name is looked up again only after a while', async () => {
  const { clock, addresses, lookups, answer } = aName();
  await addresses(never);
  answer(async () => ['10.0.0.9']);
  await clock.advance(4_999);
  expect(await addresses(never)).toHaveLength(2);
  await clock.advance(1);
  expect(await addresses(never)).toEqual(['10.0.0.9:7070']);
  expect(lookups()).toBe(2);
});

test.each([
  ['fails', () => Promise.reject(new Error('ENOTFOUND'))],
  ['finds nothing', () => Promise.resolve([])],
])('a lookup that %s leaves the addresses as they were', async (_how, lookup) => {
  const { clock, addresses, answer } = aName();
  await addresses(never);
  answer(lookup);
  await clock.advance(10_000);
  expect(await addresses(never)).toHaveLength(2);
});

test('a lookup that hangs is given up, and what was known goes on', async () => {
  const { clock, addresses, answer } = aName();
  await addresses(never);
  answer(() => new Promise(() => {}));
  await clock.advance(10_000);
  const found = addresses(never);
  await clock.advance(5_000);
  expect(await found).toHaveLength(2);
  expect(clock.sleepers()).toBe(0);
});

test('where nothing was ever found the failure is told, and the next one asks again', async () => {
  const { addresses, answer } = aName();
  answer(async () => []);
  await expect(addresses(never)).rejects.toThrow('kp.ns.svc has no address');
  answer(async () => ['10.0.0.1']);
  expect(await addresses(never)).toEqual(['10.0.0.1:7070']);
});

test.each([
  ['10.0.0.1:7070', { hostname: '10.0.0.1', port: 7070 }],
  ['[fd00::2]:7070', { hostname: 'fd00::2', port: 7070 }],
  ['10.0.0.1', undefined],
  ['10.0.0.1:70700', undefined],
  ['fd00::2:7070', undefined],
  ['a@b:1', undefined],
  ['http://a:1', undefined],
])('%s is split into %o', (address, parts) => {
  expect(splitAddress(address)).toEqual(parts);
});
