import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import type { Progress } from '../image-runtime.ts';
import { Content } from './generated/containerd_content_pb.ts';
import { measureDownload, watchDownload } from './watch-download.ts';
import { type ContentClient, createBlobReader } from './read-content.ts';
import { createFakeClient } from '../../testing/fake-client.ts';

interface Blob {
  readonly size: number;
  readonly createdMs: number;
  readonly labels?: Record<string, string>;
  readonly text?: string;
}

const readersOf = (content: ContentClient) => ({ content, readBlobs: createBlobReader(content) });

/** A content store that a test fills while the watch looks. */
function contentStore() {
  const blobs = new Map<string, Blob>();
  const downloads = new Map<string, number>();
  const lists: string[][] = [];
  const infoOf = (digest: string, { size, createdMs, labels = {} }: Blob) => ({
    digest,
    size: BigInt(size),
    createdAt: timestampFromMs(createdMs),
    labels,
  });
  const client = createFakeClient(Content, {
    async *list(request) {
      lists.push(request.filters);
      const byDigest = request.filters.flatMap(filter => /^digest=="(.*)"$/.exec(filter)?.[1] ?? []);
      const fits = (digest: string) => byDigest.length === 0 || byDigest.includes(digest);
      yield { info: [...blobs].filter(([digest]) => fits(digest)).map(([digest, blob]) => infoOf(digest, blob)) };
    },
    async *read({ digest }) {
      yield { data: Buffer.from(blobs.get(digest)?.text ?? '') };
    },
    listStatuses: () => ({
      statuses: [...downloads].map(([digest, offset]) => ({ ref: `layer-${digest}`, offset: BigInt(offset) })),
    }),
  });
  return { readers: readersOf(client), blobs, downloads, lists };
}

const MANIFEST: Blob = {
  size: 500,
  createdMs: 0,
  labels: {
    'containerd.io/gc.ref.content.config': 'sha256:c',
    'containerd.io/gc.ref.content.l.0': 'sha256:l0',
    'containerd.io/gc.ref.content.l.1': 'sha256:l1',
  },
  text: JSON.stringify({
    layers: [
      { digest: 'sha256:l0', size: 10 },
      { digest: 'sha256:l1', size: 30 },
    ],
  }),
};

test('a pull is seen to resolve, download and unpack', async () => {
  const clock = createVirtualClock();
  const { readers, blobs, downloads, lists } = contentStore();
  const watch = watchDownload(readers, 'r.example:5000/team/my.app:v1', clock);
  const told: Progress[] = [];
  const over = new AbortController();
  const following = watch.follow(progress => told.push(progress), over.signal);
  const later = async () => {
    await clock.advance(1_000);
    return told.at(-1);
  };

  expect(await later()).toEqual({ phase: 'resolving', doneBytes: 0, totalBytes: undefined });
  blobs.set('sha256:m', { ...MANIFEST, createdMs: clock.wallMs() });
  downloads.set('sha256:l0', 4);
  expect(await later()).toEqual({ phase: 'downloading', doneBytes: 4, totalBytes: 40 });
  downloads.delete('sha256:l0');
  downloads.set('sha256:l1', 20);
  blobs.set('sha256:l0', { size: 10, createdMs: clock.wallMs() });
  expect(await later()).toEqual({ phase: 'downloading', doneBytes: 30, totalBytes: 40 });
  downloads.set('sha256:l1', 5);
  expect(await later()).toMatchObject({ doneBytes: 30 });
  downloads.clear();
  blobs.set('sha256:l1', { size: 30, createdMs: clock.wallMs() });
  expect(await later()).toEqual({ phase: 'unpacking', doneBytes: 40, totalBytes: 40 });
  expect(lists[0]?.[0]).toBe('labels."containerd.io/distribution.source.r.example"~="(^|,)team/my[.]app(,|$)"');

  over.abort();
  await following;
  expect(clock.sleepers()).toBe(0);
});

test('only what arrived since the pull began counts as pulled', async () => {
  const clock = createVirtualClock();
  const { readers, blobs, lists } = contentStore();
  const old = { createdMs: clock.wallMs() };
  await clock.advance(60_000);
  const watch = watchDownload(readers, 'nginx', clock);
  const fresh = { createdMs: clock.wallMs() };
  blobs.set('sha256:index', {
    size: 200,
    ...fresh,
    labels: {
      'containerd.io/gc.ref.content.m.0': 'sha256:m',
      'containerd.io/gc.ref.content.m.1': 'sha256:of-another-platform',
    },
  });
  blobs.set('sha256:m', { ...MANIFEST, ...fresh });
  blobs.set('sha256:c', { size: 7, ...fresh });
  blobs.set('sha256:l0', { size: 10, ...old });
  blobs.set('sha256:l1', { size: 30, ...fresh });
  const digests = ['docker.io/library/nginx@sha256:index', 'docker.io/other/nginx@sha256:l0'];
  const { signal } = new AbortController();
  expect(await watch.countBytes(digests, signal)).toBe(200 + 500 + 7 + 30);
  expect(lists).toHaveLength(3); // The index, the manifest, and what that refers to.

  lists.length = 0;
  const other = watchDownload(readers, 'nginx', clock);
  expect(await Promise.all([watch.countBytes(digests, signal), other.countBytes(digests, signal)])).toEqual([737, 737]);
  expect(lists).toHaveLength(3); // As many for both.
});

test('a runtime without this API tells nothing and breaks nothing', async () => {
  const clock = createVirtualClock();
  const client = createFakeClient(Content, {});
  const watch = watchDownload(readersOf(client), 'nginx', clock);
  const over = new AbortController();
  const told: Progress[] = [];
  const following = watch.follow(progress => told.push(progress), over.signal);
  await clock.advance(5_000);
  over.abort();
  await following;
  expect(told).toEqual([]);
  expect(await watch.countBytes(['docker.io/library/nginx@sha256:m'], new AbortController().signal)).toBeUndefined();
});

const LAYERS = [
  { digest: 'a', sizeBytes: 10 },
  { digest: 'b', sizeBytes: 30 },
];

test.each([
  ['nothing has arrived', [], {}, 'downloading', 0],
  ['a part has arrived', [], { b: 12 }, 'downloading', 12],
  ['one layer is there', ['a'], { b: 12 }, 'downloading', 22],
  ['more is said to have arrived than the layer has', [], { b: 31 }, 'downloading', 30],
  ['all layers are there', ['a', 'b'], {}, 'unpacking', 40],
] as const)('when %s', (_, finished, downloads, phase, doneBytes) => {
  const seen = measureDownload(LAYERS, new Set(finished), new Map(Object.entries(downloads)));
  expect(seen).toEqual({ phase, doneBytes, totalBytes: 40 });
});
