import { describe, expect, test } from 'vitest';
import type { KubeApi, KubeObject } from '../src/api/kube-api.ts';
import { CLUSTER_PREFETCHES, CONFIG_MAPS, PREFETCHES } from '../src/api/kinds.ts';
import { harnesses, type MakeKubeApiHarness, prefetch, type StartedHarness } from './kube-api-harness.ts';
import { aStatus } from './status-sink-suite.ts';

const NOTHINGS = { apiVersion: 'kube-prefetch.io/v1alpha1', kind: 'Nothing', plural: 'nothings', namespaced: true };

/** What every KubeApi keeps. `makeHarness` is called once per test, for a namespace that holds nothing. */
export function kubeApiSuite(name: string, makeHarness: MakeKubeApiHarness): void {
  const start = harnesses(makeHarness);

  describe(`${name} is a KubeApi: objects`, () => {
    test('what is created can be read, with all that the server adds', async () => {
      const { api, create, namespace, signal } = await start();
      const created = await create('web');
      expect(created).toMatchObject({
        apiVersion: PREFETCHES.apiVersion,
        kind: 'Prefetch',
        metadata: {
          namespace,
          name: 'web',
          generation: 1,
          uid: expect.any(String),
          resourceVersion: expect.any(String),
        },
        spec: { images: ['nginx:1.27'] },
      });
      expect(created.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(await api.get(PREFETCHES, { namespace, name: 'web' }, signal)).toEqual(created);
    });

    test('of the kinds of a group it says which are served, asked again as well', async () => {
      const { api, signal } = await start();
      const groups = ['kube-prefetch.io', 'nobody.example'];
      const answers = [await api.served(groups, signal), await api.served(groups, signal)];
      const served = [PREFETCHES, CLUSTER_PREFETCHES].map(kind => ({ ...kind, creatable: true }));
      for (const { kinds, unknown } of answers) {
        expect(kinds).toHaveLength(2);
        expect(kinds).toEqual(expect.arrayContaining(served));
        expect(unknown).toEqual([]);
      }
    });

    test('a second object of the name is refused: AlreadyExists', async () => {
      const { create } = await start();
      await create('web');
      await expect(create('web')).rejects.toMatchObject({ failure: 'AlreadyExists' });
    });

    test.each(['Not_A_Name', 'a..b', ''])('an object named "%s" is Invalid', async bad => {
      const { create } = await start();
      await expect(create(bad)).rejects.toMatchObject({ failure: 'Invalid' });
    });

    test('what does not exist is NotFound, whoever asks for it', async () => {
      const { api, namespace, signal } = await start();
      const name = { namespace, name: 'none' };
      const gone = prefetch(name, ['a']);
      const replaced = { ...gone, metadata: { ...name, resourceVersion: '1' } };
      const status = aStatus('1/2');
      await expect(api.get(PREFETCHES, name, signal)).rejects.toMatchObject({ failure: 'NotFound' });
      for (const write of [
        { verb: 'replace', kind: PREFETCHES, object: replaced },
        { verb: 'patchStatus', kind: PREFETCHES, name, status },
      ] as const) {
        await expect(api.write(write, signal)).rejects.toMatchObject({ failure: 'NotFound' });
      }
    });

    test('a replacement counts as a new generation when it wishes for something else', async () => {
      const { api, create, namespace, signal } = await start();
      const { metadata } = await create('web');
      const labelled = {
        ...prefetch({ namespace, name: 'web' }, ['nginx:1.27']),
        metadata: { ...metadata, labels: { a: 'b' } },
      };
      const first = await api.write({ verb: 'replace', kind: PREFETCHES, object: labelled }, signal);
      expect(first.metadata).toMatchObject({ uid: metadata.uid, generation: 1, labels: { a: 'b' } });
      const other = { ...first, spec: { images: ['nginx:1.28'] } };
      const second = await api.write({ verb: 'replace', kind: PREFETCHES, object: other }, signal);
      expect(second.metadata).toMatchObject({ uid: metadata.uid, generation: 2 });
      expect(await api.get(PREFETCHES, metadata, signal)).toEqual(second);
    });

    test('a replacement of an older version is a Conflict and changes nothing', async () => {
      const { api, create, signal } = await start();
      const created = await create('web');
      const current = await api.write(
        { verb: 'replace', kind: PREFETCHES, object: { ...created, spec: { images: ['a'] } } },
        signal,
      );
      const late = { ...created, spec: { images: ['b'] } };
      await expect(api.write({ verb: 'replace', kind: PREFETCHES, object: late }, signal)).rejects.toMatchObject({
        failure: 'Conflict',
      });
      expect(await api.get(PREFETCHES, created.metadata, signal)).toEqual(current);
    });

    test.each([PREFETCHES, CONFIG_MAPS])('a replacement of any version is Invalid: $kind', async kind => {
      const { api, namespace, signal } = await start();
      const object = { ...(kind === PREFETCHES && { spec: { images: ['a'] } }), metadata: { namespace, name: 'any' } };
      await api.write({ verb: 'create', kind, object }, signal);
      await expect(api.write({ verb: 'replace', kind, object }, signal)).rejects.toMatchObject({ failure: 'Invalid' });
    });

    test('a write that changes nothing leaves the version as it is', async () => {
      const { api, create, signal } = await start();
      const replace = (object: KubeObject) => api.write({ verb: 'replace', kind: PREFETCHES, object }, signal);
      // The first one may store what its definition says by default.
      const written = await replace(await create('web'));
      expect(await replace(written)).toEqual(written);
    });
  });

  describe(`${name} is a KubeApi: status`, () => {
    const patch = ({ api, namespace, signal }: StartedHarness, status: object, version?: string) =>
      api.write(
        {
          verb: 'patchStatus',
          kind: PREFETCHES,
          name: { namespace, name: 'web' },
          ...(version !== undefined && { resourceVersion: version }),
          status,
        },
        signal,
      );

    test('a status is written beside the spec, and is no new generation', async () => {
      const harness = await start();
      const created = await harness.create('web');
      const patched = await patch(harness, aStatus('1/2'));
      expect(patched).toMatchObject({ spec: created.spec, status: aStatus('1/2'), metadata: { generation: 1 } });
      expect(patched.metadata.resourceVersion).not.toBe(created.metadata.resourceVersion);
      expect(await harness.api.get(PREFETCHES, created.metadata, harness.signal)).toEqual(patched);
    });

    test('fields that are given replace those there, null removes, and lists are replaced whole', async () => {
      const harness = await start();
      await harness.create('web');
      await patch(harness, aStatus('1/2'));
      const { status } = await patch(harness, { warm: '2/2', failures: [], skew: null });
      const { skew: _, ...others } = aStatus('2/2');
      expect(status).toEqual({ ...others, failures: [] });
    });

    test('a status is written onto the version that is named, and onto an older one it is a Conflict that changes nothing', async () => {
      const harness = await start();
      const { metadata } = await harness.create('web');
      const { resourceVersion = '' } = metadata;
      const patched = await patch(harness, aStatus('1/2'), resourceVersion);
      expect(patched).toMatchObject({ status: aStatus('1/2'), metadata: { generation: 1, uid: metadata.uid } });
      await expect(patch(harness, aStatus('2/2'), resourceVersion)).rejects.toMatchObject({
        failure: 'Conflict',
      });
      expect(await harness.api.get(PREFETCHES, metadata, harness.signal)).toEqual(patched);
    });

    test('who creates or replaces an object cannot write its status', async () => {
      const { api, namespace, signal } = await start();
      const object = { ...prefetch({ namespace, name: 'web' }, ['a']), status: aStatus('1/2') };
      const created = await api.write({ verb: 'create', kind: PREFETCHES, object }, signal);
      expect(created).not.toHaveProperty('status.warm');
      const replaced = await api.write(
        { verb: 'replace', kind: PREFETCHES, object: { ...created, spec: { images: ['b'] }, status: aStatus('1/2') } },
        signal,
      );
      expect(replaced).toMatchObject({ spec: { images: ['b'] } });
      expect(replaced).not.toHaveProperty('status.warm');
    });

    test('a replacement keeps the status', async () => {
      const harness = await start();
      await harness.create('web');
      const { status: _, ...rest } = await patch(harness, aStatus('1/2'));
      const object = { ...rest, spec: { images: ['b'] } } as unknown as KubeObject;
      expect(await harness.api.write({ verb: 'replace', kind: PREFETCHES, object }, harness.signal)).toMatchObject({
        spec: { images: ['b'] },
        status: aStatus('1/2'),
      });
    });

    test('a kind that has no status cannot be given one', async () => {
      const { api, namespace, signal } = await start();
      const name = { namespace, name: 'plain' };
      await api.write({ verb: 'create', kind: CONFIG_MAPS, object: { metadata: name } }, signal);
      await expect(
        api.write({ verb: 'patchStatus', kind: CONFIG_MAPS, name, status: { a: 1 } }, signal),
      ).rejects.toMatchObject({ failure: 'NotFound' });
    });
  });

  describe(`${name} is a KubeApi: lists`, () => {
    async function pagesOf(api: KubeApi, limit: number, signal: AbortSignal, between?: () => Promise<unknown>) {
      const pages = [await api.list(PREFETCHES, { limit }, signal)];
      await between?.();
      for (let after = pages[0]?.next; after !== undefined; after = pages.at(-1)?.next) {
        pages.push(await api.list(PREFETCHES, { limit, after }, signal));
      }
      return pages;
    }

    test('a list comes in pages of the asked size, ordered by name', async () => {
      const { api, create, mine, signal } = await start();
      for (const name of ['c', 'a', 'e', 'b', 'd']) await create(name);
      const pages = await pagesOf(api, 2, signal);
      expect(pages.length).toBeGreaterThan(2);
      expect(Math.max(...pages.map(page => page.items.length))).toBe(2);
      expect(mine(pages.flatMap(page => page.items))).toEqual(['a', 'b', 'c', 'd', 'e']);
    });

    test('all pages show one moment', async () => {
      const { api, create, mine, namespace, remove, signal } = await start();
      for (const name of ['a', 'b', 'c', 'd']) await create(name);
      const pages = await pagesOf(api, 1, signal, async () => {
        await remove(PREFETCHES, { namespace, name: 'd' });
        await create('e');
      });
      expect(mine(pages.flatMap(page => page.items))).toEqual(['a', 'b', 'c', 'd']);
      expect(new Set(pages.map(page => page.resourceVersion)).size).toBe(1);
    });

    test('a list shows what was written just before, and each object as it can be read', async () => {
      const { api, create, signal } = await start();
      const created = await create('web');
      const { items } = await api.list(PREFETCHES, { limit: 500 }, signal);
      expect(items).toContainEqual(created);
    });

    test('a page that is longer than what is read is TooLarge; smaller ones fit, and names without the rest', async () => {
      const { api, mine, namespace, signal } = await start({ maxAnswerBytes: 12_000 });
      const values = Array.from({ length: 64 }, (_, index) => `${'x'.repeat(58)}${index}`);
      const weighing = (name: string, expressions: number) => {
        const matchExpressions = Array.from({ length: expressions }, () => ({ key: 'k', operator: 'In', values }));
        return { metadata: { namespace, name }, spec: { images: ['a'], nodes: { selector: { matchExpressions } } } };
      };
      for (const object of [weighing('a', 4), weighing('b', 1)])
        await api.write({ verb: 'create', kind: PREFETCHES, object }, signal).catch(() => {});
      await expect(api.list(PREFETCHES, { limit: 500 }, signal)).rejects.toMatchObject({ failure: 'TooLarge' });
      await expect(api.list(PREFETCHES, { limit: 1 }, signal)).rejects.toMatchObject({ failure: 'TooLarge' });
      const named = await api.list(PREFETCHES, { limit: 1, namesOnly: true }, signal);
      expect(mine(named.items)).toEqual(['a']);
      expect(named.items[0]).not.toHaveProperty('spec');
      const rest = await api.list(PREFETCHES, { limit: 1, ...(named.next && { after: named.next }) }, signal);
      expect(mine(rest.items)).toEqual(['b']);
    });

    test('a kind that the server does not know is NotFound', async () => {
      const { refused, signal } = await start();
      const api = await refused(NOTHINGS, 'NotFound');
      await expect(api.list(NOTHINGS, { limit: 5 }, signal)).rejects.toMatchObject({ failure: 'NotFound' });
    });
  });

  describe(`${name} is a KubeApi: rights`, () => {
    test.each(['Forbidden', 'Unauthorized'] as const)('who is refused hears %s from every call', async failure => {
      const { refused, namespace, signal } = await start();
      const api = await refused(PREFETCHES, failure);
      const name = { namespace, name: 'web' };
      const object = prefetch(name, ['a']);
      const calls = [
        api.list(PREFETCHES, { limit: 5 }, signal),
        api.get(PREFETCHES, name, signal),
        api.watch(PREFETCHES, '1', signal)[Symbol.asyncIterator]().next(),
        api.write({ verb: 'create', kind: PREFETCHES, object }, signal),
        api.write({ verb: 'patchStatus', kind: PREFETCHES, name, status: aStatus('1/2') }, signal),
      ];
      const outcomes = await Promise.allSettled(calls);
      expect(outcomes).toEqual(calls.map(() => ({ status: 'rejected', reason: expect.objectContaining({ failure }) })));
    });
  });

  describe(`${name} is a KubeApi: reviews of tokens`, () => {
    test('a good token tells whose it is and what it is for', async () => {
      const { api, signal, token } = await start();
      const given = await token('kube-prefetch');
      expect(await api.review(given.token, ['other', 'kube-prefetch'], signal)).toMatchObject({
        authenticated: true,
        username: given.username,
        audiences: ['kube-prefetch'],
      });
    });

    test('a token for another audience is not accepted', async () => {
      const { api, signal, token } = await start();
      const given = await token('somebody-else');
      expect(await api.review(given.token, ['kube-prefetch'], signal)).toEqual({
        authenticated: false,
        error: expect.stringMatching(/./),
      });
    });

    test('one of the published keys is the one that its tokens name', async () => {
      const { api, signal, token } = await start();
      const { token: given } = await token('kube-prefetch');
      const { kid } = JSON.parse(Buffer.from(given.split('.')[0] ?? '', 'base64url').toString());
      const keys = await api.signingKeys(signal);
      expect(keys.filter(key => key.kid === kid)).toHaveLength(1);
    });

    test('what is no token is not accepted', async () => {
      const { api, signal } = await start();
      expect(await api.review('nonsense', ['kube-prefetch'], signal)).toEqual({
        authenticated: false,
        error: expect.stringMatching(/./),
      });
    });
  });
}
