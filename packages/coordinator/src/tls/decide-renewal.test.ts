import { expect, test } from 'vitest';
import { decideRenewal, type KeptLives } from './decide-renewal.ts';

const life = (fromMs: number, untilMs: number) => ({ fromMs, untilMs });
const CURRENT = life(0, 900);

test.each<[what: string, kept: Partial<KeptLives>, now: number, step: ReturnType<typeof decideRenewal>]>([
  ['most of its life left', {}, 599, undefined],
  ['its last third', {}, 600, 'prepare'],
  ['it has ended', {}, 5_000, 'prepare'],
  ['a next one that is new', { next: life(600, 1_500) }, 649, undefined],
  ['a next one that is known for long', { next: life(600, 1_500) }, 650, 'promote'],
  ['a previous one that is good', { previous: life(0, 300) }, 299, undefined],
  ['a previous one that has ended', { previous: life(0, 300) }, 300, 'forget'],
  ['a previous one that has ended, beside a next one', { next: life(0, 1_500), previous: life(0, 300) }, 700, 'forget'],
])('%s', (_what, kept, now, step) => {
  expect(decideRenewal({ current: CURRENT, ...kept }, 50, now)).toBe(step);
});
