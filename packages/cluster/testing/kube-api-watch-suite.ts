import { describe, expect, test, vi } from 'vitest';
import { PREFETCHES } from '../src/api/kinds.ts';
import type { KubeEvent, KubeObject } from '../src/api/kube-api.ts';
import { failureOf, harnesses, type MakeKubeApiHarness, type StartedHarness } from './kube-api-harness.ts';

/** What a watch keeps, and every call when the server is away. */
export function kubeApiWatchSuite(name: string, makeHarness: MakeKubeApiHarness): void {
  const start = harnesses(makeHarness);
  const versionNow = async ({ api, signal }: StartedHarness) =>
    (await api.list(PREFETCHES, { limit: 1 }, signal)).resourceVersion;

  describe(`${name} is a KubeApi: watches`, () => {
    test('a watch begins with a bookmark of its own version', async () => {
      const harness = await start();
      const from = await versionNow(harness);
      const { events, eventually } = { ...harness, ...harness.follow(from) };
      await eventually(() => events.length > 0);
      expect(events).toEqual([{ type: 'BOOKMARK', resourceVersion: from }]);
    });

    test('every change is seen once and in order, as the object can be read', async () => {
      const harness = await start();
      const { api, create, namespace, remove, signal } = harness;
      const { seen, events } = harness.follow(await versionNow(harness));
      const created = await create('a');
      const changed = await api.write(
        { verb: 'replace', kind: PREFETCHES, object: { ...created, spec: { images: ['b'] } } },
        signal,
      );
      await create('b');
      await remove(PREFETCHES, { namespace, name: 'a' });
      await harness.eventually(() => seen.includes('DELETED a'));
      expect(seen.filter(event => event !== 'BOOKMARK')).toEqual(['ADDED a', 'MODIFIED a', 'ADDED b', 'DELETED a']);
      const objects = events.flatMap(event => (event.type === 'BOOKMARK' ? [] : [event.object]));
      expect(objects.slice(0, 2)).toEqual([created, changed]);
      const versions = objects.map(object => Number(object.metadata.resourceVersion));
      expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
    });

    test('a watch resumes after the version it is given', async () => {
      const harness = await start();
      await harness.create('a');
      const { metadata } = await harness.create('b');
      await harness.create('c');
      const { seen } = harness.follow(metadata.resourceVersion ?? '');
      await harness.eventually(() => seen.length > 1);
      expect(seen).toEqual(['BOOKMARK', 'ADDED c']);
    });

    test('of a kind whose metadata alone is read, lists and watches bring nothing else', async () => {
      const { api, create, signal } = await start();
      const { metadata } = await create('a');
      const names = { ...PREFETCHES, metadataOnly: true };
      const { items } = await api.list(names, { limit: 500 }, signal);
      expect(items.find(({ metadata: { name, uid } }) => name === 'a' && uid === metadata.uid)).not.toHaveProperty(
        'spec',
      );
      const second = await create('b');
      const events: KubeEvent[] = [];
      for await (const event of api.watch(names, metadata.resourceVersion ?? '', signal)) {
        events.push(event);
        if (event.type === 'ADDED') break;
      }
      const { apiVersion, kind } = PREFETCHES;
      expect(events.at(-1)).toMatchObject({
        object: { apiVersion, kind, metadata: { name: 'b', uid: second.metadata.uid } },
      });
      expect(events.at(-1)).not.toHaveProperty('object.spec');
    });

    test('what changes nothing is no event', async () => {
      const harness = await start();
      const replace = (object: KubeObject) =>
        harness.api.write({ verb: 'replace', kind: PREFETCHES, object }, harness.signal);
      // The first one may store what its definition says by default.
      const object = await replace(await harness.create('a'));
      const { seen } = harness.follow(object.metadata.resourceVersion ?? '');
      await replace(object);
      await harness.create('b');
      await harness.eventually(() => seen.includes('ADDED b'));
      expect(seen).toEqual(['BOOKMARK', 'ADDED b']);
    });

    test('a watch has bookmarks, from which it can be resumed, and an end', async () => {
      const harness = await start({ watchSeconds: 6 });
      const { metadata } = await harness.create('a');
      const { seen, events, end } = harness.follow(metadata.resourceVersion ?? '');
      const ended = vi.fn<() => void>();
      void end.then(ended);
      await harness.eventually(() => seen.length > 0);
      await harness.create('b');
      await harness.eventually(() => ended.mock.calls.length > 0);
      expect(await end).toBeUndefined();
      expect(seen.slice(0, 3)).toEqual(['BOOKMARK', 'ADDED b', 'BOOKMARK']);
      const last = events.at(-1);
      await harness.create('c');
      const later = harness.follow(last?.type === 'BOOKMARK' ? last.resourceVersion : '');
      await harness.eventually(() => later.seen.includes('ADDED c'));
      expect(later.seen).toEqual(['BOOKMARK', 'ADDED c']);
    });

    test('what is no longer kept is Expired: to a watch and to the next page of a list', async () => {
      const harness = await start();
      const { api, create, signal } = harness;
      const { metadata } = await create('a');
      await create('b');
      const page = await api.list(PREFETCHES, { limit: 1 }, signal);
      await create('c');
      await harness.forget();
      const next = api.list(PREFETCHES, { limit: 1, after: page.next ?? '' }, signal);
      await expect(next).rejects.toMatchObject({ failure: 'Expired' });
      const { end } = harness.follow(metadata.resourceVersion ?? '');
      expect(await end).toMatchObject({ failure: 'Expired' });
    });
  });

  describe(`${name} is a KubeApi: signals`, () => {
    const calls = (harness: StartedHarness, signal: AbortSignal) => {
      const { api, namespace } = harness;
      const object = { metadata: { namespace, name: 'late' }, spec: { images: ['a'] } };
      return [
        api.list(PREFETCHES, { limit: 1 }, signal),
        api.get(PREFETCHES, object.metadata, signal),
        api.write({ verb: 'create', kind: PREFETCHES, object }, signal),
        api.review('a token', ['kube-prefetch'], signal),
        api.watch(PREFETCHES, '1', signal)[Symbol.asyncIterator]().next(),
      ];
    };

    test('nothing is asked once the signal has aborted, and its reason is thrown', async () => {
      const harness = await start();
      const reason = new Error('stopped');
      const outcomes = await Promise.allSettled(calls(harness, AbortSignal.abort(reason)));
      expect(outcomes).toEqual(outcomes.map(() => ({ status: 'rejected', reason })));
      const late = harness.api.get(PREFETCHES, { namespace: harness.namespace, name: 'late' }, harness.signal);
      await expect(late).rejects.toMatchObject({ failure: 'NotFound' });
    });

    test('calls that wait for a server that hangs end with the signal, and throw its reason', async () => {
      const harness = await start();
      await versionNow(harness);
      const stop = new AbortController();
      const reason = new Error('stopped');
      harness.pause();
      const outcomes = Promise.allSettled(calls(harness, stop.signal));
      await harness.pass();
      stop.abort(reason);
      const settled = await outcomes;
      harness.resume();
      expect(settled).toEqual(settled.map(() => ({ status: 'rejected', reason })));
    });

    test('a watch that nothing happens to ends with the signal, and throws its reason', async () => {
      const harness = await start();
      const stop = new AbortController();
      const reason = new Error('stopped');
      const { seen, end } = harness.follow(await versionNow(harness), stop.signal);
      await harness.eventually(() => seen.length > 0);
      stop.abort(reason);
      expect(await end).toBe(reason);
    });
  });

  describe(`${name} is a KubeApi: outages`, () => {
    test('calls to a server that hangs are Unreachable by their deadline, and later ones work', async () => {
      const harness = await start({ hurried: true });
      const { api, eventually, namespace, signal } = harness;
      const { metadata } = await harness.create('a');
      harness.pause();
      let failed: unknown;
      void failureOf(api.get(PREFETCHES, { namespace, name: 'a' }, signal)).then(error => (failed = error));
      await eventually(() => failed).finally(harness.resume);
      expect(failed).toMatchObject({ failure: 'Unreachable', message: expect.stringContaining('GET /apis/') });
      expect((await api.get(PREFETCHES, metadata, signal)).metadata).toEqual(metadata);
    });

    test('while the server is away calls are Unreachable, a watch ends, and afterwards both work again', async () => {
      const harness = await start();
      const { api, create, namespace, signal } = harness;
      const { metadata } = await create('a');
      const before = harness.follow(metadata.resourceVersion ?? '');
      await create('b');
      await harness.eventually(() => before.seen.includes('ADDED b'));
      await harness.stop();
      expect(await before.end).toSatisfy(
        (error: { failure: string } | undefined) => error === undefined || error.failure === 'Unreachable',
      );
      const meanwhile = [
        api.get(PREFETCHES, { namespace, name: 'a' }, signal),
        api.list(PREFETCHES, { limit: 1 }, signal),
        create('c'),
        api.review('a token', ['kube-prefetch'], signal),
        api.watch(PREFETCHES, '1', signal)[Symbol.asyncIterator]().next(),
      ];
      const outcomes = await Promise.allSettled(meanwhile);
      const unreachable = { status: 'rejected', reason: expect.objectContaining({ failure: 'Unreachable' }) };
      expect(outcomes).toEqual(meanwhile.map(() => unreachable));

      await harness.start();
      await create('d');
      const list = await api.list(PREFETCHES, { limit: 500 }, signal);
      expect(harness.mine(list.items)).toEqual(['a', 'b', 'd']);
      const after = harness.follow(list.resourceVersion);
      await create('e');
      await harness.eventually(() => after.seen.includes('ADDED e'));
      expect(after.seen).toEqual(['BOOKMARK', 'ADDED e']);
    });
  });
}
