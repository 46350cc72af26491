import { expect, test } from 'vitest';
import { keepEqual, keepList, memoise, memoiseList, shareEqual } from './memoise.ts';

const [shop, lab] = [{ name: 'shop' }, { name: 'lab' }];

test('something is made again only for another key, or where one of the other values is not the same', () => {
  const made: unknown[] = [];
  const make = memoise((key: object, by: string) => {
    made.push([key, by]);
    return { key, by };
  });
  const first = make(shop, 'a');
  expect(make(shop, 'a')).toBe(first);
  expect(make(lab, 'a')).not.toBe(first);
  expect(make(shop, 'a')).toBe(first);
  expect(make(shop, 'b')).toEqual({ key: shop, by: 'b' });
  expect(make(shop, 'a')).toEqual(first);
  expect(made).toHaveLength(4);
});

test('what a callback is given besides does not count', () => {
  const make = memoise(({ name }: { name: string }) => ({ name }));
  const [first] = [shop, lab].map(make);
  expect([lab, shop].map(make)[1]).toBe(first);
});

test('a list counts by its items, in order', () => {
  const make = memoiseList((_key: object, items: readonly object[]) => items.length);
  const keep = keepList<object, object>();
  const list = [shop, lab];
  expect([make(lab, list), make(lab, [shop]), make(lab, [])]).toEqual([2, 1, 0]);
  expect(keep(shop, list)).toBe(list);
  expect(keep(shop, [shop, lab])).toBe(list);
  expect(keep(shop, [lab, shop])).not.toBe(list);
});

test('equal values are one object: of one key, or of one text', () => {
  const keep = keepEqual<object, object>();
  const share = shareEqual(({ name }: { name: string }) => name);
  const first = { name: 'web' };
  expect([keep(shop, first), share(first)]).toEqual([first, first]);
  expect(keep(shop, { name: 'web' })).toBe(first);
  expect(share({ name: 'web' })).toBe(first);
  expect(keep(lab, { name: 'web' })).not.toBe(first);
});
