import { Code, ConnectError, createClient, createRouterTransport } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { ImageService } from './generated/cri_pb.ts';
import { lookAtImages } from './look-at-images.ts';

const NEVER = new AbortController().signal;
const REFERENCES = Array.from({ length: 100 }, (_, n) => `r.example/app:${n}`);

type Status = (image: string, signal: AbortSignal) => Promise<{ image?: { id: string; size: bigint } }>;

function clientFor(status: Status) {
  const transport = createRouterTransport(({ service }) =>
    service(ImageService, {
      imageStatus: (request, { signal }) => status(request.image?.image ?? '', signal),
    }),
  );
  return createClient(ImageService, transport);
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
  const seen = await lookAtImages(images, [...REFERENCES, 'r.example/app:0'], NEVER);
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
    throw new ConnectError('broken', Code.Internal);
  });
  await expect(lookAtImages(images, REFERENCES, NEVER)).rejects.toThrow('broken');
  await new Promise(resolve => process.nextTick(resolve));
  expect(asked).toBeLessThanOrEqual(8);
});

test('a reference that the runtime refuses as malformed is absent and hides no other', async () => {
  const images = clientFor(async image => {
    if (image === 'Bad Ref')
      throw new ConnectError('cannot parse input: "Bad Ref": invalid reference format', Code.Unknown);
    return { image: { id: '1', size: 1n } };
  });
  const seen = await lookAtImages(images, ['Bad Ref', 'nginx'], NEVER);
  expect([...seen.values()].map(({ present }) => present)).toEqual([false, true]);
});
