import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code } from '@connectrpc/connect';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import type { Progress } from '../image-runtime.ts';
import { Content } from './generated/containerd_content_pb.ts';
import { measureDownload, watchDownload } from './watch-download.ts';
import { CallError } from './grpc-client.ts';
import { createFakeClient } from '../../testing/fake-client.ts';

interface Blob {
  readonly size: number;
  readonly createdMs: number;
  readonly labels?: Record<string, string>;
  readonly text?: string;
}

/** A content store that a test fills while the watch looks. */
function contentStore(unlisted: readonly string[] = []) {
  const blobs = new Map<string, Blob>();
  const downloads = new Map<string, number>();
  const filters: string[] = [];
  const asked: string[] = [];
  const infoOf = (digest: string, { size, createdMs, labels = {} }: Blob) => ({
    digest,
    size: BigInt(size),
    createdAt: timestampFromMs(createdMs),
    labels,
  });
  const client = createFakeClient(Content, {
    info({ digest }) {
      asked.push(digest);
      const blob = blobs.get(digest);
      if (blob === undefined) throw new CallError('not found', Code.NotFound);
      return { info: infoOf(digest, blob) };
    },
    async *list(request) {
      filters.push(...request.filters);
      const listed = [...blobs].filter(([digest]) => !unlisted.includes(digest));
      yield { info: listed.map(([digest, blob]) => infoOf(digest, blob)) };
    },
    async *read({ digest }) {
      yield { data: Buffer.from(blobs.get(digest)?.text ?? '') };
    },
    listStatuses: () => ({
      statuses: [...downloads].map(([digest, offset]) => ({ ref: `layer-${digest}`, offset: BigInt(offset) })),
    }),
  });
  return { content: client, blobs, downloads, filters, asked };
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
  const { content, blobs, downloads, filters } = contentStore();
  const watch = watchDownload(content, 'r.example:5000/team/my.app:v1', clock);
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
  expect(filters[0]).toBe('labels."containerd.io/distribution.source.r.example"~="(^|,)team/my[.]app(,|$)"');

  over.abort();
  await following;
  expect(clock.sleepers()).toBe(0);
});

test('only what arrived since the pull began counts as pulled', async () => {
  const clock = createVirtualClock();
  const { content, blobs, asked } = contentStore(['sha256:c']);
  const old = { createdMs: clock.wallMs() };
  await clock.advance(60_000);
  const watch = watchDownload(content, 'nginx', clock);
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
  expect(await watch.countBytes(digests, new AbortController().signal)).toBe(200 + 500 + 7 + 30);
  expect(asked).toEqual(['sha256:c']); // Only what the list does not tell.
});

test('a runtime without this API tells nothing and breaks nothing', async () => {
  const clock = createVirtualClock();
  const client = createFakeClient(Content, {});
  const watch = watchDownload(client, 'nginx', clock);
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
