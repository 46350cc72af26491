import { Code } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { ImageService } from './generated/cri_pb.ts';
import { lookByList, lookByStatus } from './look-at-images.ts';
import { CallError } from './grpc-client.ts';
import { createFakeClient } from '../../testing/fake-client.ts';

const NEVER = new AbortController().signal;
const REFERENCES = Array.from({ length: 100 }, (_, n) => `r.example/app:${n}`);

type Status = (image: string, signal: AbortSignal) => Promise<{ image?: { id: string; size: bigint } }>;

function clientFor(status: Status) {
  const client = createFakeClient(ImageService, {
    imageStatus: (request, { signal }) => status(request.image?.image ?? '', signal),
  });
  return client;
}

test('every reference is asked for once, a few at a time, and answered in the order asked', async () => {
  const asked: string[] = [];
  let [running, most] = [0, 0];
  const images = clientFor(async image => {
    asked.push(image);
    most = Math.max(most, ++running);
    await Promise.resolve();
    running -= 1;
    return image.endsWith('7') ? {} : { image: { id: image, size: 3n } };
  });
  const seen = await lookByStatus(images, [...REFERENCES, 'r.example/app:0'], NEVER);
  expect([...seen.keys()]).toEqual(REFERENCES);
  expect(asked.toSorted()).toEqual(REFERENCES.toSorted());
  expect(seen.get('r.example/app:7')).toEqual({ present: false });
  expect(seen.get('r.example/app:8')).toEqual({ present: true, id: 'r.example/app:8', sizeBytes: 3, digests: [] });
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(8);
});

test('one failure fails the look, and no further question is asked', async () => {
  let asked = 0;
  const images = clientFor(async () => {
    asked += 1;
    throw new CallError('broken', Code.Internal);
  });
  await expect(lookByStatus(images, REFERENCES, NEVER)).rejects.toThrow('broken');
  await new Promise(resolve => process.nextTick(resolve));
  expect(asked).toBeLessThanOrEqual(8);
});

test('a reference that the runtime refuses as malformed is absent and hides no other', async () => {
  const images = clientFor(async image => {
    if (image === 'Bad Ref')
      throw new CallError('cannot parse input: "Bad Ref": invalid reference format', Code.Unknown);
    return { image: { id: '1', size: 1n } };
  });
  const seen = await lookByStatus(images, ['Bad Ref', 'nginx'], NEVER);
  expect([...seen.values()].map(({ present }) => present)).toEqual([false, true]);
});

const DIGEST = `sha256:${'a'.repeat(64)}`;
const NGINX = { id: 'nginx', size: 7n, repoTags: ['docker.io/library/nginx:latest'], repoDigests: [] };
const APP = { id: 'app', size: 3n, repoTags: [], repoDigests: [`r.example:5000/app@${DIGEST}`] };

function listingClient(asked: string[]) {
  const client = createFakeClient(ImageService, {
    listImages: () => ({ images: [NGINX, APP] }),
    imageStatus: request => {
      asked.push(request.image?.image ?? '');
      return {};
    },
  });
  return client;
}

test.each([
  ['nginx', 'nginx'],
  ['nginx:latest', 'nginx'],
  ['docker.io/library/nginx', 'nginx'],
  ['index.docker.io/nginx', 'nginx'],
  ['nginx:1.27', undefined],
  ['other/nginx', undefined],
  [`r.example:5000/app@${DIGEST}`, 'app'],
  [`r.example:5000/app:v1@${DIGEST}`, 'app'],
  ['r.example:5000/app:v1', undefined],
  [`r.example/app@${DIGEST}`, undefined],
])('%s is answered from the list as %s', async (image, id) => {
  const asked: string[] = [];
  const seen = await lookByList(listingClient(asked), [image], NEVER);
  const presence = seen.get(image);
  expect(presence?.present ? presence.id : undefined).toBe(id);
  expect([seen.size, asked]).toEqual([1, []]);
});

test('what is no reference is left to the runtime to judge', async () => {
  const asked: string[] = [];
  const seen = await lookByList(listingClient(asked), ['Bad Ref', 'nginx'], NEVER);
  expect(asked).toEqual(['Bad Ref']);
  expect(seen.get('Bad Ref')).toEqual({ present: false });
  expect(seen.get('nginx')).toMatchObject({ present: true });
});

test('a list that fails is not an empty list', async () => {
  const client = createFakeClient(ImageService, {
    listImages: () => {
      throw new CallError('gone', Code.Unavailable);
    },
  });
  await expect(lookByList(client, ['nginx'], NEVER)).rejects.toThrow('gone');
});
