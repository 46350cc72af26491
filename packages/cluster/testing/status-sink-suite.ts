import type { PrefetchStatus, ResourceRef } from '@kube-prefetch/protocol';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { StatusEvent, StatusSink } from '../src/ports/source-and-sink.ts';

export interface SinkHarness {
  readonly sink: StatusSink;
  /** What the sink holds of a resource, read from where it put it. */
  statusOf(resource: ResourceRef): Promise<PrefetchStatus | undefined>;
  /** Of all resources, oldest first. */
  events(): Promise<readonly (StatusEvent & { readonly resource: ResourceRef })[]>;
  /** Makes the resource not exist. All others do. */
  remove(resource: ResourceRef): Promise<void>;
  /** Makes another resource of the name. */
  create(resource: ResourceRef): Promise<void>;
  close(): Promise<void>;
}

/** A status with every list filled. */
export function aStatus(warm: string): PrefetchStatus {
  const at = '2026-01-01T00:00:00.000Z';
  const none = { images: 0, nodes: 0, cells: 0, present: 0, pulling: 0, waiting: 0, failed: 0, stale: 0, unknown: 0 };
  return {
    observedGeneration: 3,
    conditions: [
      {
        type: 'Warm',
        status: 'False',
        reason: 'Pulling',
        message: 'a: b',
        observedGeneration: 3,
        lastTransitionTime: at,
      },
    ],
    warm,
    summary: { ...none, held: 0, noAgent: 0, notApplicable: 0 },
    failures: [
      {
        image: 'nginx:missing',
        reason: 'NotFound',
        message: 'no "such"\nimage: #1',
        nodes: 1,
        examples: ['n1'],
        since: at,
      },
    ],
    skew: [{ image: 'nginx', digests: [{ digest: 'sha256:1', nodes: 2 }] }],
  };
}

const web: ResourceRef = { kind: 'Prefetch', namespace: 'shop', name: 'web' };
const base: ResourceRef = { kind: 'ClusterPrefetch', name: 'base.images' };

/** What every StatusSink must do. */
export function statusSinkSuite(name: string, createHarness: () => Promise<SinkHarness>): void {
  const { signal } = new AbortController();

  async function start(): Promise<SinkHarness> {
    const harness = await createHarness();
    onTestFinished(() => harness.close());
    return harness;
  }

  describe(`${name} is a StatusSink`, () => {
    test('what is written is held, for each resource its own', async () => {
      const { sink, statusOf } = await start();
      expect(await sink.write(web, aStatus('1/2'), signal)).toBe('written');
      expect(await sink.write(base, aStatus('3/4'), signal)).toBe('written');
      expect(await statusOf(web)).toEqual(aStatus('1/2'));
      expect(await statusOf(base)).toEqual(aStatus('3/4'));
    });

    test('the same contents again are unchanged, others are written', async () => {
      const { sink, statusOf } = await start();
      await sink.write(web, aStatus('1/2'), signal);
      expect(await sink.write(web, aStatus('1/2'), signal)).toBe('unchanged');
      expect(await sink.write(web, aStatus('2/2'), signal)).toBe('written');
      expect(await statusOf(web)).toEqual(aStatus('2/2'));
    });

    test('what it holds can be read, and nothing where nothing was written', async () => {
      const { sink } = await start();
      expect(await sink.read(web, signal)).toBeUndefined();
      await sink.write(web, aStatus('1/2'), signal);
      expect(await sink.read(web, signal)).toEqual(aStatus('1/2'));
    });

    test('writes for two resources at once do not mix', async () => {
      const { sink, statusOf } = await start();
      await Promise.all([sink.write(web, aStatus('1/2'), signal), sink.write(base, aStatus('3/4'), signal)]);
      expect((await statusOf(web))?.warm).toBe('1/2');
      expect((await statusOf(base))?.warm).toBe('3/4');
    });

    test('a resource that no longer exists is gone, and so is its status', async () => {
      const { sink, statusOf, remove } = await start();
      await sink.write(web, aStatus('1/2'), signal);
      await remove(web);
      expect(await sink.write(web, aStatus('2/2'), signal)).toBe('gone');
      expect(await statusOf(web)).toBeUndefined();
      expect(await sink.write(base, aStatus('3/4'), signal)).toBe('written');
    });

    test('another resource of the name, made while nobody looked, gets its own status', async () => {
      const { sink, statusOf, remove, create } = await start();
      await sink.write(web, aStatus('1/2'), signal);
      await remove(web);
      await create(web);
      expect(await sink.write(web, { ...aStatus('0/2'), failures: [] }, signal)).toBe('written');
      expect(await statusOf(web)).toEqual({ ...aStatus('0/2'), failures: [] });
    });

    test('events are kept in order, with their resource', async () => {
      const { sink, events } = await start();
      const event = (reason: string): StatusEvent => ({ type: 'Warning', reason, message: 'said "no"\ntwice' });
      await sink.event(web, event('First'), signal);
      await sink.event(base, event('Second'), signal);
      expect(await events()).toMatchObject([
        { ...event('First'), resource: web },
        { ...event('Second'), resource: base },
      ]);
    });

    test('nothing is written once the signal has aborted', async () => {
      const { sink, statusOf } = await start();
      const before = await statusOf(web);
      const reason = new Error('stopped');
      await expect(sink.write(web, aStatus('1/2'), AbortSignal.abort(reason))).rejects.toBe(reason);
      expect(await statusOf(web)).toEqual(before);
    });
  });
}
