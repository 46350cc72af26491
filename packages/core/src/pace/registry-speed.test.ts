import { expect, test } from 'vitest';
import { endsAtMs, judgeRegistry, raisedAtMs, type RegistrySpeed } from './registry-speed.ts';

const SLOW: RegistrySpeed = { most: 4, ranBefore: 16, slowedMs: 0, changedMs: 0 };

test.each<
  [string, RegistrySpeed | undefined, [failing: number, seen: number, running: number], number, number | undefined]
>([
  ['one node alone slows nothing', undefined, [1, 1, 9], 0, undefined],
  ['two nodes of many slow nothing', undefined, [2, 9, 9], 0, undefined],
  ['two nodes of eight halve what runs', undefined, [2, 8, 9], 0, 4],
  ['what runs no more is halved to one at least', undefined, [2, 2, 0], 0, 1],
  ['later failures halve again', SLOW, [9, 9, 9], 10_000, 2],
  ['fewer may run than are permitted', SLOW, [9, 9, 2], 10_000, 1],
  ['without failures it stays for a while', SLOW, [0, 9, 9], 29_999, 4],
  ['then a quarter more may run', SLOW, [1, 9, 9], 30_000, 5],
  ['of few one more', { ...SLOW, most: 1 }, [0, 0, 1], 30_000, 2],
  ['as many as before end it', { ...SLOW, most: 13 }, [0, 9, 9], 30_000, undefined],
])('%s', (_case, before, [failing, seen, running], now, most) => {
  expect(judgeRegistry(before, { failing, seen, running }, now)?.most).toBe(most);
});

test('a registry that recovers is raised step by step, and slowed no more in the end', () => {
  let speed: RegistrySpeed | undefined = judgeRegistry(undefined, { failing: 9, seen: 9, running: 100 }, 0);
  const end = endsAtMs(speed as RegistrySpeed);
  const steps: number[] = [];
  while (speed !== undefined && steps.length < 9) {
    steps.push(speed.most);
    speed = judgeRegistry(speed, { failing: 0, seen: 9, running: speed.most }, raisedAtMs(speed));
  }
  expect(steps).toEqual([50, 62, 77, 96]);
  expect(end).toBe(4 * 30_000);
});
