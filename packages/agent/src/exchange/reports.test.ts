import { ApiError, type NodeReport, type Plan, type ReportAnswer } from '@kube-prefetch/protocol';
import { silentLog } from '@kube-prefetch/process';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import type { Cell } from '../decide/judge-cells.ts';
import { createContact } from './attempts.ts';
import { createReports } from './reports.ts';

const IMAGES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
const RUNTIME = { name: 'containerd', version: '2.4.2' };
const PLAN: Plan = {
  revision: 'one',
  complete: true,
  items: IMAGES.map(image => ({ image, priority: 0, start: true })),
};

function start() {
  const clock = createVirtualClock();
  const found: { image: string; digest: string }[] = [];
  const asked: string[][] = [];
  const looks = {
    results: () => found,
    told: (results: readonly unknown[]) => void found.splice(0, results.length),
    asked: (images: readonly string[]) => void asked.push([...images]),
  };
  const sent: { atMs: number; report: NodeReport }[] = [];
  const startMs = clock.monotonicMs();
  const answer: ReportAnswer & { lost?: true } = { epoch: 1, sendFull: false };
  const reports = createReports({
    api: {
      async report(report) {
        sent.push({ atMs: clock.monotonicMs() - startMs, report });
        if (answer.lost) throw new ApiError('Unreachable', 'the answer was lost');
        return { ...answer };
      },
    },
    clock,
    random: () => 0.5,
    log: silentLog,
    agent: { id: 'agent', startedAt: '2026-11-23T00:00:00.000Z', version: '0.1.0' },
    pullOf: () => undefined,
    looks,
    contact: createContact(clock, () => {}),
  });
  const stop = new AbortController();
  const ended = reports.run(stop.signal).catch(() => {});
  return {
    clock,
    sent,
    answer,
    reports,
    found,
    asked,
    offer: (...present: readonly string[]) =>
      reports.offer({ plan: PLAN, runtime: RUNTIME, cells: IMAGES.map(image => cell(image, present.includes(image))) }),
    times: () => sent.map(({ atMs }) => atMs),
    async stop() {
      stop.abort();
      await ended;
    },
  };
}

function cell(image: string, present: boolean): Cell {
  return { image, state: present ? 'Present' : 'Waiting' };
}

test('images that arrive one after the other are told together, once a second', async () => {
  const { clock, offer, times, sent, stop } = start();
  offer();
  await clock.advance(100);
  for (let count = 1; count <= IMAGES.length; count++) {
    offer(...IMAGES.slice(0, count));
    await clock.advance(300);
  }
  await clock.advance(1_000);
  expect(times()).toEqual([0, 1_000, 2_000, 2_800]);
  const told = sent.flatMap(({ report }) => report.cells).filter(({ state }) => state === 'Present');
  expect(told.map(({ image }) => image).sort()).toEqual(IMAGES);
  await stop();
});

test('that the last image of the plan is there does not wait for more news', async () => {
  const { clock, offer, times, stop } = start();
  offer(...IMAGES.slice(0, 8));
  await clock.advance(100);
  offer(...IMAGES.slice(0, 9));
  await clock.advance(100);
  offer(...IMAGES);
  await clock.advance(100);
  expect(times()).toEqual([0, 250]);
  await stop();
});

test('an image that is gone is told at once, whatever was told just before', async () => {
  const { clock, offer, times, sent, stop } = start();
  offer('a', 'b');
  await clock.advance(300);
  offer('b');
  await clock.advance(0);
  expect(times()).toEqual([0, 300]);
  expect(sent[1]?.report.cells).toMatchObject([{ image: 'a', state: 'Waiting' }]);
  offer();
  await clock.advance(249);
  expect(times()).toEqual([0, 300]);
  await clock.advance(1);
  expect(times()).toEqual([0, 300, 550]);
  await stop();
});

test.each<[string, number, Partial<Cell>]>([
  ['a moment after it', 250, {}],
  ['at once where something is Stale', 0, { state: 'Stale' }],
  ['at once where everything is there', 0, { state: 'Present' }],
])('the first report about a new plan is sent %s', async (_case, afterMs, more) => {
  const { clock, offer, times, reports, stop } = start();
  offer();
  await clock.advance(2_000);
  const cells = [{ ...cell('a', false), ...more }];
  reports.offer({ plan: { ...PLAN, revision: 'two' }, runtime: RUNTIME, cells });
  await clock.advance(300);
  expect(times()).toEqual([0, 2_000 + afterMs]);
  await stop();
});

test('a coordinator that knows nothing is told everything without waiting', async () => {
  const { clock, offer, answer, sent, stop } = start();
  offer('a');
  await clock.advance(0);
  answer.sendFull = true;
  offer('a', 'b');
  await clock.advance(1_000);
  answer.sendFull = false;
  await clock.advance(250);
  expect(sent.map(({ atMs, report }) => [atMs, report.full])).toEqual([
    [0, true],
    [1_000, false],
    [1_250, true],
  ]);
  await stop();
});

test('with nothing new, the end of a poll or a long silence makes a report that says that the agent lives', async () => {
  const { clock, offer, times, reports, stop } = start();
  offer('a');
  await clock.advance(4_000);
  await reports.beat();
  expect(times()).toEqual([0]);
  await clock.advance(41_000);
  await Promise.all([reports.beat(), clock.advance(0)]);
  expect(times()).toEqual([0, 45_000]);
  await clock.advance(56_000);
  expect(times()).toEqual([0, 45_000, 100_000]);
  await stop();
});

test('a coordinator that turns out to know nothing is told everything before the next poll', async () => {
  const { clock, offer, sent, answer, reports, stop } = start();
  offer('a');
  await clock.advance(6_000);
  answer.sendFull = true;
  let isTold = false;
  const told = reports.beat().then(() => (isTold = true));
  await clock.advance(0);
  answer.sendFull = false;
  expect([sent.length, isTold]).toEqual([2, false]);
  await clock.advance(250);
  await told;
  expect(sent.map(({ report }) => report.full)).toEqual([true, false, true]);
  await stop();
});

test('whoever may know nothing since a loss is told everything, once, also where the first report is lost as well', async () => {
  const { clock, offer, sent, answer, reports, stop } = start();
  offer('a');
  await clock.advance(2_000);
  const lostMs = clock.monotonicMs();
  answer.lost = true;
  await Promise.all([reports.beatAfterLoss(lostMs), clock.advance(0)]);
  expect(sent.map(({ report }) => report.full)).toEqual([true, true]);
  delete answer.lost;
  let isTold = false;
  const told = reports.beatAfterLoss(lostMs).then(() => (isTold = true));
  await clock.advance(0);
  expect([sent.length, isTold]).toEqual([2, false]);
  await clock.advance(1_000);
  await told;
  await reports.beatAfterLoss(lostMs);
  await clock.advance(10_000);
  expect(sent.map(({ report }) => report.full)).toEqual([true, true, true]);
  await stop();
});

test('tags that the answer asks about are handed on, and what they stand for is told at once and until an answer comes', async () => {
  const { clock, offer, sent, answer, reports, found, asked, stop } = start();
  answer.looks = ['a'];
  offer('a');
  await clock.advance(2_000);
  expect(asked).toEqual([['a']]);
  answer.looks = [];
  answer.lost = true;
  found.push({ image: 'a', digest: `sha256:${'1'.repeat(64)}` });
  reports.looked();
  await clock.advance(300);
  delete answer.lost;
  await clock.advance(5_000);
  expect(sent.map(({ report }) => report.looked?.length ?? 0)).toEqual([0, 1, 1]);
  expect(found).toEqual([]);
  await stop();
});
