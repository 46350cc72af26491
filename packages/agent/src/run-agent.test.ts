import type { CellReport } from '@kube-prefetch/protocol';
import type { ImageRuntime } from '@kube-prefetch/runtime';
import { createTwinRuntime } from '@kube-prefetch/runtime/twin';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { type Log, silentLog } from '@kube-prefetch/process';
import { describe, expect, test } from 'vitest';
import { type AgentBench, createAgentBench, planOf, watchRuntime } from '../testing/index.ts';
import type { AgentParts } from './create-agent.ts';
import { createAgentMetrics } from './metrics.ts';

const MIB = 1024 * 1024;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const [A, B, C, D] = ['r.example/a:1', 'r.example/b:1', 'r.example/c:1', 'r.example/d:1'] as const;

/** A bench whose registry has the images, each a pull of one second. */
function aBench(options?: Partial<AgentParts>): AgentBench {
  const bench = createAgentBench(options);
  for (const image of [A, B, C, D]) {
    bench.runtime.registry.publish(image, { sizeBytes: 10 * MIB, bytesPerSecond: 10 * MIB });
  }
  return bench;
}

const statesOf = ({ api }: AgentBench) =>
  Object.fromEntries([...api.cells()].map(([image, cell]) => [image, cell.state]));
const cellOf = ({ api }: AgentBench, image: string) => api.cells().get(image) as CellReport;

describe('the line', () => {
  test('what the plan names is pulled, reported while it runs, and reported present', async () => {
    const bench = aBench();
    bench.api.publish(planOf(A, B));
    const { stop } = bench.start();
    await bench.clock.advance(600);
    expect(statesOf(bench)).toEqual({ [A]: 'Pulling', [B]: 'Pulling' });
    await bench.clock.advance(3_000);
    expect(cellOf(bench, A)).toMatchObject({
      state: 'Present',
      sizeBytes: 10 * MIB,
      pull: { elapsedMs: 1_000, doneBytes: 10 * MIB },
    });
    expect(bench.runtime.pulls()).toBe(2);
    await stop();
    expect(bench.clock.sleepers()).toBe(0);
  });

  test('progress and phase are told while a pull runs, at most about once a second', async () => {
    const bench = aBench();
    bench.runtime.registry.publish(A, { sizeBytes: 100 * MIB, bytesPerSecond: 10 * MIB, unpackMs: 5_000 });
    bench.api.publish(planOf(A));
    const { stop } = bench.start();
    await bench.clock.advance(9_500);
    const pulls = bench.api.reports.flatMap(report => report.cells).flatMap(cell => cell.pull ?? []);
    const told = pulls.flatMap(({ doneBytes }) => doneBytes ?? []);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(told.at(-1)).toBeGreaterThan(80 * MIB);
    expect(bench.api.reports.length).toBeLessThanOrEqual(13);
    expect(cellOf(bench, A).pull?.phase).toBe('Downloading');
    await bench.clock.advance(3_000);
    expect(cellOf(bench, A).pull?.phase).toBe('Unpacking');
    await bench.clock.advance(5_000);
    expect([cellOf(bench, A).state, cellOf(bench, A).pull?.phase]).toEqual(['Present', undefined]);
    await stop();
  });

  test('what is present already costs no pull, and a minute of steady state costs nothing but looks', async () => {
    const bench = aBench();
    bench.runtime.add(A);
    bench.api.publish(planOf(A));
    const { stop } = bench.start();
    await bench.clock.advance(HOUR);
    expect(statesOf(bench)).toEqual({ [A]: 'Present' });
    expect([bench.runtime.pulls(), bench.runtime.registry.requests()]).toEqual([0, 0]);
    await stop();
  });

  test('one image that fails does not delay the others', async () => {
    const bench = aBench({ parallelPulls: 1 });
    bench.runtime.registry.withdraw(A);
    bench.api.publish(planOf(A, B, C));
    const { stop } = bench.start();
    await bench.clock.advance(2_600);
    expect(statesOf(bench)).toEqual({ [A]: 'Failed', [B]: 'Present', [C]: 'Present' });
    expect(cellOf(bench, A)).toMatchObject({ failure: { kind: 'NotFound' }, attempts: 1, nextTry: expect.any(String) });
    await stop();
  });

  test('an image fails since its first failure, however often it is tried, and anew after it was present', async () => {
    const bench = aBench();
    bench.runtime.registry.withdraw(A);
    bench.api.publish(planOf(A));
    const { stop } = bench.start();
    await bench.clock.advance(5_000);
    const { failingSince, since } = cellOf(bench, A);
    await bench.clock.advance(3 * HOUR);
    expect(cellOf(bench, A)).toMatchObject({ state: 'Failed', failingSince });
    expect(cellOf(bench, A).attempts).toBeGreaterThan(3);
    expect(cellOf(bench, A).since > since).toBe(true);
    bench.runtime.add(A);
    await bench.clock.advance(MINUTE);
    expect(cellOf(bench, A).failingSince).toBeUndefined();
    bench.runtime.remove(A);
    await bench.clock.advance(5 * MINUTE);
    expect(cellOf(bench, A).state).toBe('Failed');
    expect((cellOf(bench, A).failingSince ?? '') > (failingSince ?? '')).toBe(true);
    await stop();
  });

  test('a slot that becomes free is used at once: its permit is there already', async () => {
    const bench = aBench({ parallelPulls: 1 });
    bench.api.publish(planOf(A, B, C, D));
    const { stop } = bench.start();
    await bench.clock.advance(4_010);
    expect(bench.runtime.running()).toEqual([]);
    expect(bench.runtime.pulls()).toBe(4);
    await stop();
  });

  test('what leaves the plan is cancelled while it is pulled, and what is left is reported', async () => {
    const bench = aBench();
    bench.api.publish(planOf(A, B));
    const { stop } = bench.start();
    await bench.clock.advance(500);
    bench.api.publish(planOf(B));
    await bench.clock.advance(300);
    expect(bench.runtime.running()).toEqual([B]);
    expect(statesOf(bench)).toEqual({ [B]: 'Pulling' });
    await stop();
  });

  test('a plan made from a failed read takes nothing away', async () => {
    const bench = aBench();
    bench.api.publish(planOf(A, B));
    const { stop } = bench.start();
    await bench.clock.advance(500);
    bench.api.publish({ complete: false, ...planOf(C) });
    await bench.clock.advance(5_000);
    expect(statesOf(bench)).toEqual({ [A]: 'Present', [B]: 'Present', [C]: 'Present' });
    await stop();
  });

  test('a held node and a suspended image start nothing', async () => {
    const bench = aBench();
    bench.api.publish({ held: 'cordoned', ...planOf(A) });
    const { stop } = bench.start();
    await bench.clock.advance(MINUTE);
    expect(cellOf(bench, A)).toMatchObject({ state: 'Waiting', waitingFor: 'Held' });
    bench.api.publish({ items: [{ image: A, priority: 0, start: false }] });
    await bench.clock.advance(MINUTE);
    expect(cellOf(bench, A)).toMatchObject({ state: 'Waiting', waitingFor: 'Suspended' });
    expect(bench.runtime.pulls()).toBe(0);
    await stop();
  });

  test('no pull starts that would fill the disk, and it starts once there is room', async () => {
    const bench = aBench({ disk: { maxUsedPercent: 80 } });
    bench.runtime.setUsed(80e9 - 20 * MIB);
    bench.api.setSize(A, 10 * MIB);
    bench.api.publish(planOf(A));
    const { stop } = bench.start();
    await bench.clock.advance(MINUTE);
    expect(cellOf(bench, A)).toMatchObject({ state: 'Waiting', waitingFor: 'Disk' });
    bench.runtime.setUsed(0);
    await bench.clock.advance(2 * MINUTE);
    expect(statesOf(bench)).toEqual({ [A]: 'Present' });
    await stop();
  });
});

describe('images that go', () => {
  test('a deleted image is back within its pull: an event, not the next verification, tells', async () => {
    const bench = aBench();
    bench.api.publish(planOf(A));
    const { stop } = bench.start();
    await bench.clock.advance(10_000);
    bench.runtime.remove(A);
    await bench.clock.advance(1_500);
    expect(bench.runtime.pulls(A)).toBe(2);
    expect((await bench.runtime.look([A], new AbortController().signal)).get(A)).toMatchObject({ present: true });
    await stop();
  });

  test('an image that is deleted whenever it comes back is called Evicted and hardly pulled any more', async () => {
    const bench = aBench();
    const watched = watchRuntime(bench.runtime, bench.clock);
    bench.api.publish(planOf(A));
    const { stop } = bench.start({ runtime: watched });
    for (let minutes = 0; minutes < 24 * 60; minutes += 5) {
      await bench.clock.advance(5 * MINUTE);
      bench.runtime.remove(A);
    }
    await bench.clock.advance(MINUTE);
    expect(cellOf(bench, A)).toMatchObject({ state: 'Failed', failure: { kind: 'Evicted' } });
    expect(watched.mostWithin(HOUR, A)).toBeLessThanOrEqual(5);
    expect(watched.starts.length).toBeLessThanOrEqual(14);
    await stop();
  });

  test('a runtime that never has what it pulled is not asked to pull in a loop', async () => {
    const bench = aBench();
    const watched = watchRuntime(
      { ...bench.runtime, look: async images => new Map(images.map(image => [image, { present: false }])) },
      bench.clock,
    );
    bench.api.publish(planOf(A));
    const { stop } = bench.start({ runtime: watched });
    await bench.clock.advance(HOUR);
    expect(watched.starts.length).toBeLessThanOrEqual(6);
    await stop();
  });
});

describe('distrust', () => {
  const broken = { kind: 'NotAnImage' as const, afterBytes: MIB, leavesPresent: true };

  test('an image whose pull broke is not present, whatever the runtime says, until a pull succeeds', async () => {
    const bench = aBench();
    bench.runtime.registry.failNext(A, broken);
    bench.api.publish(planOf(A));
    const { stop } = bench.start();
    await bench.clock.advance(MINUTE);
    expect((await bench.runtime.look([A], new AbortController().signal)).get(A)).toMatchObject({ present: true });
    expect(cellOf(bench, A)).toMatchObject({ state: 'Failed', failure: { kind: 'NotAnImage' } });
    bench.runtime.registry.publish(A, { sizeBytes: MIB, digest: `sha256:${'1'.repeat(64)}` });
    await bench.clock.advance(5 * MINUTE);
    expect(statesOf(bench)).toEqual({ [A]: 'Present' });
    await stop();
  });

  test('it is distrusted by the next agent too', async () => {
    const bench = aBench();
    bench.runtime.registry.failNext(A, broken);
    bench.api.publish(planOf(A));
    await bench.clock.advance(1);
    const first = bench.start();
    await bench.clock.advance(MINUTE);
    await first.stop();
    const second = bench.start();
    await bench.clock.advance(1_000);
    expect(cellOf(bench, A)).toMatchObject({ state: 'Failed', failure: { kind: 'NotAnImage' }, attempts: 1 });
    await second.stop();
  });

  test('a mirror that has a tag but not its manifest does not spoil an image that somebody imports', async () => {
    const bench = aBench();
    bench.runtime.registry.failNext(A, { kind: 'Corrupt' }, 1_000);
    bench.api.publish(planOf(A));
    const { stop } = bench.start();
    await bench.clock.advance(10 * MINUTE);
    expect(cellOf(bench, A)).toMatchObject({ state: 'Failed', failure: { kind: 'Corrupt' } });
    bench.runtime.add(A, 10 * MIB);
    await bench.clock.advance(2_000);
    expect(statesOf(bench)).toEqual({ [A]: 'Present' });
    await stop();
  });

  test('a broken image is distrusted, also after a restart, until another one is imported over it', async () => {
    const bench = aBench();
    bench.runtime.registry.failNext(A, broken, 1_000);
    bench.api.publish(planOf(A));
    const first = bench.start();
    await bench.clock.advance(MINUTE);
    await first.stop();
    const { stop } = bench.start();
    await bench.clock.advance(MINUTE);
    expect(statesOf(bench)).toEqual({ [A]: 'Failed' });
    bench.runtime.add(A, 7 * MIB);
    await bench.clock.advance(2_000);
    expect(statesOf(bench)).toEqual({ [A]: 'Present' });
    await stop();
  });

  test('after any other failure an image that somebody else pulled is present', async () => {
    const bench = aBench();
    bench.runtime.registry.withdraw(A);
    bench.api.publish(planOf(A));
    const { stop } = bench.start();
    await bench.clock.advance(MINUTE);
    expect(statesOf(bench)).toEqual({ [A]: 'Failed' });
    bench.runtime.add(A);
    await bench.clock.advance(1_000);
    expect(cellOf(bench, A)).toMatchObject({ state: 'Present' });
    expect(cellOf(bench, A).failure).toBeUndefined();
    await stop();
  });
});

test('an agent that cannot write its state says so and ends as it should', async () => {
  const bench = aBench();
  const warned: string[] = [];
  const log = { ...silentLog, warn: (_fields: object, message: string) => void warned.push(message) } as Log;
  const state = { load: async () => ({ saved: undefined }), save: () => Promise.reject(new Error('ENOSPC')) };
  bench.api.publish(planOf(A));
  const { stop } = bench.start({ log, state });
  await bench.clock.advance(10_000);
  expect(statesOf(bench)).toEqual({ [A]: 'Present' });
  await expect(stop()).resolves.toBeUndefined();
  expect(warned).toContain('the state file could not be written');
  expect(bench.clock.sleepers()).toBe(0);
});

describe('slow pulls', () => {
  test('pulls that trickle give way to others, but no more than twice as many run', async () => {
    const bench = aBench();
    for (const image of [A, B]) bench.runtime.registry.publish(image, { sizeBytes: 10 * MIB, bytesPerSecond: 10 });
    bench.api.publish(planOf(A, B, C, D));
    const { stop } = bench.start();
    await bench.clock.advance(3 * MINUTE);
    expect(statesOf(bench)).toEqual({ [A]: 'Pulling', [B]: 'Pulling', [C]: 'Present', [D]: 'Present' });
    await stop();
  });

  test('when all trickle, twice as many run and the rest waits', async () => {
    const bench = aBench({ parallelPulls: 1 });
    for (const image of [A, B, C]) bench.runtime.registry.publish(image, { sizeBytes: 10 * MIB, bytesPerSecond: 10 });
    bench.api.publish(planOf(A, B, C));
    const { stop } = bench.start({ parallelPulls: 1 });
    await bench.clock.advance(30 * MINUTE);
    expect(bench.runtime.running()).toEqual([A, B]);
    expect(cellOf(bench, C)).toMatchObject({ state: 'Waiting', waitingFor: 'Slot' });
    await stop();
  });
});

describe('the disk', () => {
  const capacityBytes = 1_000 * MIB;
  function aDisk(usedBytes: number) {
    const clock = createVirtualClock();
    const bench = aBench({ clock, runtime: createTwinRuntime({ clock, capacityBytes, usedBytes }) } as object);
    bench.runtime.registry.publish(B, { sizeBytes: 150 * MIB, bytesPerSecond: 10 * MIB });
    return bench;
  }

  test('an image of unknown size that has no room is stopped once its total is known, and waits for room', async () => {
    const bench = aDisk(500 * MIB);
    bench.api.publish(planOf(B, A));
    const { stop } = bench.start();
    await bench.clock.advance(4_000);
    expect(bench.runtime.running()).toEqual([]);
    expect([cellOf(bench, A).state, cellOf(bench, B)]).toMatchObject([
      'Present',
      { state: 'Waiting', waitingFor: 'Disk' },
    ]);
    await bench.clock.advance(HOUR);
    expect(bench.runtime.pulls(B)).toBe(1);
    bench.runtime.setUsed(300 * MIB);
    await bench.clock.advance(2 * MINUTE);
    expect(statesOf(bench)).toEqual({ [A]: 'Present', [B]: 'Present' });
    await stop();
  });

  test('a disk that cannot be seen is said once in the log, in the reports and in the metrics, until it is seen', async () => {
    const bench = aBench();
    const logged: string[] = [];
    const note = (_fields: object, message: string) => void logged.push(message);
    const metrics = createAgentMetrics();
    const visible = async () => /^kube_prefetch_agent_disk_visible (.*)$/m.exec((await metrics.exposition()).text)?.[1];
    let seen = false;
    const space: ImageRuntime['space'] = signal => (seen ? bench.runtime.space(signal) : Promise.resolve('unknown'));
    bench.api.publish(planOf(A));
    const log = { ...silentLog, warn: note, info: note } as Log;
    const { stop } = bench.start({ metrics, log, runtime: { ...bench.runtime, space } });
    await bench.clock.advance(5 * MINUTE);
    expect(logged.filter(message => message.includes('disk'))).toEqual(['the disk limit is not kept']);
    expect([bench.api.reports.at(-1)?.runtime.diskUnseen, await visible()]).toEqual([true, '0']);
    seen = true;
    await bench.clock.advance(5 * MINUTE);
    expect(logged.at(-1)).toBe('the disk limit is kept');
    expect([bench.api.reports.at(-1)?.runtime.diskUnseen, await visible()]).toEqual([undefined, '1']);
    await stop();
  });

  test('an image of unknown size that has room is pulled in one go', async () => {
    const bench = aDisk(300 * MIB);
    bench.api.publish(planOf(B));
    const { stop } = bench.start();
    await bench.clock.advance(30_000);
    expect([bench.runtime.pulls(B), cellOf(bench, B).state]).toEqual([1, 'Present']);
    await stop();
  });

  test('when others fill the disk, pulls stop at the limit, the last one first, and go on when there is room', async () => {
    const bench = aDisk(100 * MIB);
    for (const image of [A, B]) bench.runtime.registry.publish(image, { sizeBytes: 60 * MIB, bytesPerSecond: MIB });
    bench.api.publish(planOf(A));
    const { stop } = bench.start();
    await bench.clock.advance(20_000);
    bench.api.publish(planOf(A, B));
    await bench.clock.advance(10_000);
    expect(bench.runtime.running()).toEqual([A, B]);
    bench.runtime.setUsed(805 * MIB);
    await bench.clock.advance(1_500);
    expect(bench.runtime.running()).toEqual([A]);
    bench.runtime.setUsed(790 * MIB);
    await bench.clock.advance(10_000);
    expect([bench.runtime.running(), cellOf(bench, B).failure?.kind]).toEqual([[A], 'DiskFull']);
    bench.runtime.setUsed(100 * MIB);
    await bench.clock.advance(10 * MINUTE);
    expect(statesOf(bench)).toEqual({ [A]: 'Present', [B]: 'Present' });
    expect(bench.runtime.pulls(A)).toBe(1);
    await stop();
  });
});

describe('no coordinator', () => {
  test('pulls go on one at a time from the last plan, begun after a short wait, and are reported afterwards', async () => {
    const bench = aBench();
    bench.api.publish(planOf(A));
    const { stop } = bench.start();
    await bench.clock.advance(5_000);
    bench.api.publish({ ...planOf(A, B, C), held: 'cordoned' });
    await bench.clock.advance(1_000);
    bench.api.publish(planOf(A, B, C));
    bench.api.setLimit(0);
    await bench.clock.advance(1);
    bench.api.refuse('Unreachable');
    await bench.clock.advance(9_900);
    expect(bench.runtime.pulls()).toBe(1);
    let atOnce = 0;
    for (let tenths = 0; tenths < 400; tenths++) {
      await bench.clock.advance(100);
      atOnce = Math.max(atOnce, bench.runtime.running().length);
    }
    expect([bench.runtime.pulls(), atOnce]).toEqual([3, 1]);
    bench.api.answer();
    bench.api.restart();
    await bench.clock.advance(15_000);
    expect(statesOf(bench)).toEqual({ [A]: 'Present', [B]: 'Present', [C]: 'Present' });
    await stop();
  });

  test('an agent that restarts meanwhile goes on from its state file and heals what it had seen present', async () => {
    const bench = aBench();
    bench.api.publish(planOf(A, B));
    const first = bench.start();
    await bench.clock.advance(10_000);
    await first.stop();
    bench.api.refuse('Unreachable');
    bench.runtime.remove(A);
    const second = bench.start();
    await bench.clock.advance(9_000);
    expect(bench.runtime.pulls()).toBe(2);
    await bench.clock.advance(70_000);
    expect([bench.runtime.pulls(A), bench.runtime.pulls(B)]).toEqual([2, 1]);
    await second.stop();
  });

  test.each([0, 500, 1_500, 5_000])(
    'without a coordinator the first pull starts within 25 s, also where a look takes %i ms',
    async lookMs => {
      const bench = aBench();
      bench.api.publish(planOf(A));
      bench.api.setLimit(0);
      const { runtime, clock } = bench;
      const look: ImageRuntime['look'] = async (images, signal) => {
        const seen = await runtime.look(images, signal);
        await clock.sleep(lookMs, signal);
        return seen;
      };
      const { stop } = bench.start({ runtime: { ...runtime, look } });
      await clock.advance(2_000);
      bench.api.refuse('Unreachable');
      await clock.advance(25_000);
      expect(runtime.pulls(A)).toBe(1);
      await stop();
    },
  );

  test('a first start without a coordinator and without a state file waits, and asks with growing pauses', async () => {
    const bench = aBench();
    bench.api.refuse('Unreachable');
    const { stop } = bench.start();
    await bench.clock.advance(HOUR);
    expect(bench.runtime.pulls()).toBe(0);
    expect(bench.api.calls.length).toBeLessThanOrEqual(2_500);
    expect(bench.api.calls.length).toBeGreaterThan(500);
    await stop();
  });

  test.each(['Unreachable', 'NotReady', 'Overloaded', 'UnknownNode', 'Internal', 'InvalidRequest'] as const)(
    'a coordinator that answers %s to everything is asked at most once a second on average',
    async code => {
      const bench = aBench();
      bench.api.publish(planOf(A, B, C, D));
      const { stop } = bench.start();
      await bench.clock.advance(500);
      bench.api.refuse(code);
      await bench.clock.advance(HOUR);
      expect(bench.api.calls.length).toBeLessThanOrEqual(3_600);
      await stop();
    },
  );

  test('after a restarted coordinator demanded everything, it knows everything', async () => {
    const bench = aBench();
    bench.api.publish(planOf(A, B));
    const { stop } = bench.start();
    await bench.clock.advance(10_000);
    bench.api.restart();
    expect(bench.api.cells().size).toBe(0);
    // No poll ended: that is the longest.
    await bench.clock.advance(56_000);
    expect(statesOf(bench)).toEqual({ [A]: 'Present', [B]: 'Present' });
    await stop();
  });

  test('an agent that is told that a newer one speaks for its node ends and says so', async () => {
    const bench = aBench();
    bench.api.publish(planOf(A));
    bench.api.refuse('OlderAgent');
    const { ended } = bench.start();
    await bench.clock.advance(1_000);
    await expect(ended).rejects.toThrow('a newer agent reports for this node: this one stops. Run one agent per node.');
    expect(bench.clock.sleepers()).toBe(0);
  });
});

describe('the runtime', () => {
  test.each(['stop', 'hang'] as const)(
    'one that does %s is reported, and seen within seconds of its return',
    async how => {
      const bench = aBench();
      bench.api.publish(planOf(A));
      const { stop } = bench.start();
      await bench.clock.advance(5_000);
      bench.runtime[how]();
      await bench.clock.advance(2 * MINUTE);
      expect(statesOf(bench)).toEqual({ [A]: 'Unknown' });
      expect(bench.api.reports.at(-1)?.runtime).toMatchObject({
        name: 'twin',
        failure: { kind: 'RuntimeUnavailable', message: expect.any(String) },
      });
      bench.runtime.start();
      await bench.clock.advance(3_000);
      expect(statesOf(bench)).toEqual({ [A]: 'Present' });
      expect(bench.api.reports.at(-1)?.runtime.failure).toBeUndefined();
      await stop();
    },
  );

  test('one that stops in mid-pull is pulled from again soon after it returns', async () => {
    const bench = aBench();
    bench.api.publish(planOf(A));
    const { stop } = bench.start();
    await bench.clock.advance(500);
    bench.runtime.stop();
    await bench.clock.advance(10 * MINUTE);
    expect(bench.runtime.pulls()).toBe(1);
    bench.runtime.start();
    await bench.clock.advance(5_000);
    expect(statesOf(bench)).toEqual({ [A]: 'Present' });
    await stop();
  });

  test('while it does not answer no permit is kept from other nodes', async () => {
    const bench = aBench({ parallelPulls: 1 });
    bench.api.publish(planOf(A, B, C));
    const { stop } = bench.start();
    await bench.clock.advance(500);
    expect(bench.api.requests.at(-1)?.wanting).toMatchObject([{ image: B }]);
    bench.runtime.stop();
    await bench.clock.advance(5_000);
    expect(bench.api.requests.at(-1)).toMatchObject({ holding: [], wanting: [] });
    await stop();
  });

  test('one that is not the one of the kubelet is reported and pulled nothing', async () => {
    const bench = aBench();
    bench.api.publish({ ...planOf(A), runtimeVersion: 'containerd://1.6.20' });
    const { stop } = bench.start();
    await bench.clock.advance(MINUTE);
    expect(statesOf(bench)).toEqual({ [A]: 'Unknown' });
    expect(bench.api.reports.at(-1)?.runtime).toMatchObject({
      name: 'twin',
      version: '1.0.0',
      failure: { kind: 'RuntimeMismatch' },
    });
    expect(bench.runtime.pulls()).toBe(0);
    bench.api.publish({ ...planOf(A), runtimeVersion: 'twin://1.0.0' });
    await bench.clock.advance(5_000);
    expect(statesOf(bench)).toEqual({ [A]: 'Present' });
    await stop();
  });

  test('a download that stands still is cut, said to have stalled, and tried again', async () => {
    const bench = aBench();
    bench.runtime.registry.publish(A, { sizeBytes: 10 * MIB, bytesPerSecond: 10 * MIB, stallAfterBytes: 5 * MIB });
    bench.api.publish(planOf(A));
    const { stop } = bench.start();
    await bench.clock.advance(10 * MINUTE);
    expect(cellOf(bench, A).failure).toBeUndefined();
    await bench.clock.advance(MINUTE / 2);
    expect(cellOf(bench, A).failure).toMatchObject({
      kind: 'Stalled',
      message: expect.stringContaining(' s while downloading, 5242880 of 10485760 bytes done: given up'),
    });
    bench.runtime.registry.publish(A, { sizeBytes: 10 * MIB, bytesPerSecond: 10 * MIB });
    await bench.clock.advance(15 * MINUTE);
    expect(statesOf(bench)).toEqual({ [A]: 'Present' });
    await stop();
  });

  test('a slow download that moves is never cut, however long it takes', async () => {
    const bench = aBench();
    bench.runtime.registry.publish(A, { sizeBytes: 36 * MIB, bytesPerSecond: MIB / 60 });
    bench.api.publish(planOf(A));
    const { stop } = bench.start();
    await bench.clock.advance(30 * MINUTE);
    expect(statesOf(bench)).toEqual({ [A]: 'Pulling' });
    await bench.clock.advance(10 * MINUTE);
    expect([statesOf(bench), bench.runtime.pulls()]).toEqual([{ [A]: 'Present' }, 1]);
    await stop();
  });
});

test('clocks of the wall that jump change labels and nothing else', async () => {
  const bench = aBench();
  bench.runtime.registry.withdraw(B);
  bench.api.publish(planOf(A, B));
  const { stop } = bench.start();
  await bench.clock.advance(10_000);
  const before = [bench.api.reports.length, cellOf(bench, B).since, cellOf(bench, B).nextTry];
  for (const ms of [-5 * HOUR, 400 * 24 * HOUR, -400 * 24 * HOUR]) bench.clock.jumpWall(ms);
  await bench.clock.advance(15_000);
  expect([bench.runtime.pulls(A), bench.runtime.pulls(B)]).toEqual([1, 1]);
  expect([bench.api.reports.length, cellOf(bench, B).since, cellOf(bench, B).nextTry]).toEqual(before);
  await stop();
});

test.each([
  ['RegistryUnavailable', 60],
  ['Unknown', 60],
  ['RateLimited', 12],
  ['NotFound', 6],
  ['Unauthorized', 6],
  ['NotAnImage', 6],
] as const)('an image that fails with %s for half a day is tried at most %i times in any hour', async (kind, most) => {
  const bench = aBench();
  const watched = watchRuntime(bench.runtime, bench.clock);
  bench.runtime.registry.failNext(A, { kind }, 100_000);
  bench.api.publish(planOf(A));
  const { stop } = bench.start({ runtime: watched });
  await bench.clock.advance(12 * HOUR);
  expect(watched.starts.length).toBeGreaterThan(10);
  expect(watched.mostWithin(HOUR, A)).toBeLessThanOrEqual(most);
  await stop();
});

test('a shutdown in mid-pull cancels the pulls and writes down what is known', async () => {
  const bench = aBench();
  bench.api.publish(planOf(A, B, C));
  bench.runtime.add(C);
  const { stop } = bench.start();
  await bench.clock.advance(500);
  await stop();
  expect(bench.runtime.running()).toEqual([]);
  expect(bench.state.saved()).toMatchObject({ plan: { complete: true }, suspects: [], present: [C] });
  expect(bench.clock.sleepers()).toBe(0);
});
