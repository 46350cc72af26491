import { CELL_STATES, type CellReport, type CellState, type Plan } from '@kube-prefetch/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aCell } from '../../../testing/index.ts';
import { type FollowingNode, followPlans, longestNotWarmMs, noteCells, noteSilence, nothingKnown } from './not-warm.ts';

const IMAGES = ['a:1', 'b:1'] as const;

type Event =
  | { readonly is: 'pass'; readonly asks: readonly string[]; readonly complete?: boolean; readonly held?: boolean }
  | { readonly is: 'report'; readonly state: CellState; readonly pulled?: boolean; readonly image?: string }
  | { readonly is: 'falls silent' | 'is back' | 'leaves' };

const pass = (...asks: readonly string[]): Event => ({ is: 'pass', asks });
const incomplete = (...asks: readonly string[]): Event => ({ is: 'pass', asks, complete: false });
const held = (...asks: readonly string[]): Event => ({ is: 'pass', asks, held: true });
const report = (state: CellState, pulled = false): Event => ({ is: 'report', state, pulled });
const silence: Event = { is: 'falls silent' };
const back: Event = { is: 'is back' };
const leaves: Event = { is: 'leaves' };

test.each<[string, readonly Event[], readonly number[], number]>([
  ['a cell asked for in this term counts', [pass(), pass('a:1'), report('Missing'), report('Present')], [2], 0],
  [
    'waits and failures count in',
    [pass(), pass('a:1'), report('Waiting'), report('Failed'), report('Present')],
    [3],
    0,
  ],
  ['what the first pass finds asked does not', [pass('a:1'), report('Missing'), report('Present')], [], 0],
  ['but it is not warm since then', [pass('a:1'), report('Missing'), pass('a:1')], [], 1],
  ['a gap before hides when', [pass(), incomplete(), pass('a:1'), report('Missing'), report('Present')], [], 0],
  ['what is warm at the first word was so', [pass(), report('Unknown'), pass('a:1'), report('Present')], [], 0],
  ['unless it was pulled now', [pass(), report('Unknown'), pass('a:1'), report('Present', true)], [1], 0],
  ['but by no agent that is heard first', [pass(), pass('a:1'), report('Present', true)], [], 0],
  ['what was warm while held is warm', [pass(), held('a:1'), report('Present'), pass('a:1'), report('Present')], [], 0],
  [
    'a hold ends it, and its end begins it',
    [pass(), pass('a:1'), report('Missing'), held('a:1'), pass('a:1'), report('Present')],
    [1],
    0,
  ],
  [
    'a node that is away does not count',
    [pass(), pass('a:1'), report('Missing'), silence, back, report('Present')],
    [],
    0,
  ],
  ['it is not warm since it was asked', [pass(), pass('a:1'), report('Missing'), silence, back], [], 3],
  [
    'asked while away does not count',
    [pass(), report('Unknown'), silence, pass('a:1'), back, report('Missing'), report('Present')],
    [],
    0,
  ],
  ['a node that joins counts', [pass(), leaves, pass(), pass('a:1'), report('Missing'), report('Present')], [2], 0],
  ['its agent may be late', [pass(), pass('a:1'), silence, back, report('Missing'), report('Present')], [4], 0],
  [
    'a deleted image counts once',
    [pass(), pass('a:1'), report('Missing'), report('Present'), report('Missing'), report('Present')],
    [2],
    0,
  ],
  [
    'and is not warm since then',
    [pass(), pass('a:1'), report('Missing'), report('Present'), report('Missing'), pass('a:1')],
    [2],
    1,
  ],
  [
    'a tag that moves gives none',
    [pass(), pass('a:1'), report('Missing'), report('Present'), report('Stale'), report('Pulling'), report('Present')],
    [2],
    0,
  ],
  [
    'asked for anew counts anew',
    [pass(), pass('a:1'), report('Missing'), pass(), pass('a:1'), report('Present')],
    [1],
    0,
  ],
])('%s', (_what, events, times, longest) => {
  const node = play(events);
  expect(node.times).toEqual(times);
  expect(longestNotWarmMs([node], events.length - 1)).toBe(longest);
});

test('of nodes that fell silent or were never heard of none is not warm for longest', () => {
  expect(longestNotWarmMs([play([pass(), pass('a:1')])], 9)).toBe(0);
  expect(longestNotWarmMs([play([pass(), pass('a:1'), report('Missing'), silence])], 9)).toBe(0);
});

const arbitraryEvent = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      is: fc.constant('pass' as const),
      asks: fc.subarray([...IMAGES]),
      complete: fc.nat(9).map(n => n > 0),
      held: fc.nat(9).map(n => n === 0),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      is: fc.constant('report' as const),
      state: fc.constantFrom(...CELL_STATES),
      pulled: fc.boolean(),
      image: fc.constantFrom(...IMAGES),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom(silence, back, leaves) },
);

test('a time to warm is one that the whole history of the cell gives, and nothing is kept of a warm cell', () => {
  const hits = new Map<string, number>();
  fc.assert(
    fc.property(fc.array(arbitraryEvent, { maxLength: 40, size: 'max' }), events => {
      const history = [pass(), ...events].filter((event, i, all) => event.is === 'pass' || isThere(all.slice(0, i)));
      const node = play(history);
      const expected = history.flatMap((_event, i) => timeByHistory(history.slice(0, i + 1), hits));
      expect(node.times).toEqual(expected);
      const { asked, found, following } = node.notWarm;
      for (const image of [...asked.keys(), ...found.keys()]) {
        expect(following?.images.has(image)).toBe(true);
        expect(node.heard?.cells.get(image)?.state).not.toBe('Present');
      }
      for (const map of [asked, found]) expect([...map.values()]).toEqual([...map.values()].sort((a, b) => a - b));
    }),
    { numRuns: 2_000 },
  );
  console.info('reports of warm cells by what became of them:', Object.fromEntries(hits));
});

/** Each event is 1 ms later than the one before; the first is at 0. */
function play(events: readonly Event[]): FollowingNode & { readonly times: readonly number[] } {
  const times: number[] = [];
  const fresh = () => ({
    silent: false,
    heard: undefined as undefined | { cells: Map<string, CellReport> },
    notWarm: nothingKnown(),
  });
  let node = fresh();
  let sawAll = false;
  events.forEach((event, now) => {
    if (event.is === 'pass') {
      followPlans([[node, { plan: planOf(event), applicable: true }]], sawAll, now);
      sawAll = event.complete !== false;
    } else if (event.is === 'leaves') {
      node = fresh();
    } else if (event.is === 'report') {
      const cell = cellOf(event);
      node.silent = false;
      times.push(...noteCells(node, [cell], now));
      node.heard ??= { cells: new Map() };
      node.heard.cells.set(cell.image, cell);
    } else if (event.is === 'is back') {
      node.silent = false;
    } else if (!node.silent) {
      noteSilence(node);
      node.silent = true;
    }
  });
  return Object.assign(node, { times });
}

function isThere(before: readonly Event[]): boolean {
  return before.findLastIndex(({ is }) => is === 'pass') > before.findLastIndex(({ is }) => is === 'leaves');
}

/** The same from the history alone, looking back from the report that is its last event. */
function timeByHistory(history: readonly Event[], hits: Map<string, number>): readonly number[] {
  const last = history.at(-1);
  const now = history.length - 1;
  if (last?.is !== 'report' || last.state !== 'Present') return [];
  const hit = (what: string, times: readonly number[] = []) => {
    hits.set(what, (hits.get(what) ?? 0) + 1);
    return times;
  };
  const { image = 'a:1' } = last;
  const joined = history.findLastIndex(({ is }) => is === 'leaves');
  const passes = history.flatMap((event, at) => (event.is === 'pass' ? [{ ...event, at }] : []));
  const own = passes.filter(({ at }) => at > joined);
  const isAsked = (each: (typeof passes)[number]) => !each.held && each.asks.includes(image);
  const firstOfRun = own.findLastIndex(
    (each, i) => isAsked(each) && !(i > 0 && isAsked(own[i - 1] as (typeof own)[number])),
  );
  const start = own[firstOfRun];
  if (start === undefined || own.slice(firstOfRun).some(each => !isAsked(each))) return hit('not asked for');
  const before = firstOfRun > 0 ? own[firstOfRun - 1] : passes[passes.indexOf(start) - 1];
  if (before === undefined || before.complete === false) return hit('since who knows when');
  const spoke = (from: number, to: number) =>
    history.slice(from, to).flatMap((event, i) => (event.is === 'report' ? [{ ...event, at: from + i }] : []));
  const isHeard = (to: number) => spoke(joined + 1, to).length > 0;
  const ofImage = (from: number, to: number) => spoke(from, to).filter(each => (each.image ?? 'a:1') === image);
  const wasAway = history.some(
    ({ is }, at) =>
      is === 'falls silent' && at > joined && isHeard(at) && (at > start.at || !endsBefore(history, at, start.at)),
  );
  if (wasAway) return hit('the node was away');
  if (ofImage(joined + 1, start.at).at(-1)?.state === 'Present') return hit('warm before');
  const since = ofImage(start.at, now);
  if (since.some(({ state }) => state === 'Present')) return hit('counted already');
  const word = ofImage(joined + 1, now).at(-1);
  const wasCold = word !== undefined && word.state !== 'Unknown';
  if (!wasCold && !(isHeard(now) && last.pulled)) return hit('warm at the first word');
  return hit('counted', [now - start.at]);
}

/** Whether the silence that began at one event was over at another. */
function endsBefore(history: readonly Event[], from: number, to: number): boolean {
  return history.slice(from, to).some(({ is }) => is === 'is back' || is === 'report');
}

function planOf(event: Extract<Event, { is: 'pass' }>): Plan {
  const { asks, complete = true, held: isHeld = false } = event;
  const items = asks.map(image => ({ image, priority: 0, start: true }));
  return { revision: JSON.stringify([asks, complete, isHeld]), complete, ...(isHeld && { held: 'cordoned' }), items };
}

function cellOf({ state, pulled = false, image = 'a:1' }: Extract<Event, { is: 'report' }>): CellReport {
  return aCell({ image, state, ...(pulled && { pull: { elapsedMs: 1 } }) });
}
