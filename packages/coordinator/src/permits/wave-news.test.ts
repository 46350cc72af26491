import { expect, test } from 'vitest';
import { aCell } from '../../testing/index.ts';
import { createWaves } from './wave-news.ts';

const IMAGE = 'r.example/app:latest';
const digestOf = (digit: string) => `sha256:${digit.repeat(64)}`;

test.each<[string, string | undefined, number]>([
  ['where any contents do, all that are present hold the image', undefined, 2],
  ['where contents are wanted, only nodes that have them', digestOf('2'), 1],
  ['also where a node has not heard of it yet', digestOf('3'), 0],
])('%s', (_case, wanted, holders) => {
  const nodes = ['1', '2'].map(digit => ({
    name: `n${digit}`,
    silent: false,
    heard: {
      cells: new Map([
        [IMAGE, aCell({ image: IMAGE, state: 'Present', digests: [`r.example/app@${digestOf(digit)}`] })],
      ]),
    },
  }));
  const waves = createWaves(() => nodes, { settleMs: 0, patienceMs: 60_000 });
  const digests = new Map(wanted === undefined ? [] : [[IMAGE, wanted]]);
  expect(waves.look([], digests, 0).waveOf(IMAGE, '').holders).toBe(holders);
});
