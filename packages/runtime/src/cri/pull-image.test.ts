import { Code } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { PullFailure } from '../image-runtime.ts';
import { ImageService, type PullImageRequest } from './generated/cri_pb.ts';
import { pullImage } from './pull-image.ts';
import { rememberCredentials } from '../used-credentials.ts';
import { CallError } from './grpc-client.ts';
import { createFakeClient } from '../../testing/fake-client.ts';

const IMAGE = 'r.example/app:v1';
const AUTH = { username: 'reader', password: 'Pa55word' };
const NEVER = new AbortController().signal;

interface Runtime {
  readonly pull?: (request: PullImageRequest) => Promise<object>;
  readonly present?: boolean;
}

function pullFrom({ pull = async () => ({}), present = true }: Runtime, signal = NEVER, cancelled = new Set<string>()) {
  const client = createFakeClient(ImageService, {
    pullImage: pull,
    imageStatus: () => (present ? { image: { id: '1', size: 1n } } : {}),
  });
  const images = client;
  return pullImage(
    { images, download: undefined, cancelled, used: rememberCredentials() },
    IMAGE,
    AUTH,
    () => {},
    signal,
  );
}

const failing = (code: Code, text: string): Runtime => ({
  pull: async () => {
    throw new CallError(text, code);
  },
});

test('the reference and the credentials arrive as they were given', async () => {
  const requests: PullImageRequest[] = [];
  const pull = async (request: PullImageRequest) => {
    requests.push(request);
    return {};
  };
  const pulled = await pullFrom({ pull });
  expect(await pulled.countBytes(new AbortController().signal)).toBeUndefined();
  expect(requests).toMatchObject([{ image: { image: IMAGE }, auth: AUTH }]);
});

test('an answer without an image afterwards is a failure', async () => {
  await expect(pullFrom({ present: false })).rejects.toThrow(`has pulled ${IMAGE}, but does not have it`);
});

test('a failure has its kind and a text without the password, and no cause that could hold it', async () => {
  const text = `failed to resolve image: unexpected status: 403 Forbidden for ${AUTH.password}`;
  const failure = await pullFrom(failing(Code.Unknown, text)).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(PullFailure);
  expect(failure).toMatchObject({
    kind: 'Unauthorized',
    message: expect.not.stringContaining(AUTH.password) as string,
  });
  expect((failure as PullFailure).cause).toBeUndefined();
});

test('the code "canceled" is Cancelled only when we cancelled', async () => {
  const gaveUp = failing(Code.Canceled, 'failed to copy: httpReadSeeker: failed open: context canceled');
  await expect(pullFrom(gaveUp)).rejects.toMatchObject({ kind: 'Stalled' });
  await expect(pullFrom(gaveUp, AbortSignal.abort())).rejects.toMatchObject({ kind: 'Cancelled' });
});

test('a pull that ends with one that we cancelled is begun anew, once', async () => {
  const cancelled = new Set<string>();
  const requests: PullImageRequest[] = [];
  const endsWithAnother =
    (times: number): Runtime['pull'] =>
    async request => {
      requests.push(request);
      if (requests.length <= times) throw new CallError('writing blob: context canceled', Code.Canceled);
      return {};
    };
  const cancel = () => pullFrom({ pull: endsWithAnother(1) }, AbortSignal.abort(), cancelled).catch(() => {});
  await cancel();
  await pullFrom({ pull: endsWithAnother(2) }, NEVER, cancelled);
  expect([requests.length, [...cancelled]]).toEqual([3, []]);
  requests.length = 0;
  await cancel();
  await expect(pullFrom({ pull: endsWithAnother(3) }, NEVER, cancelled)).rejects.toMatchObject({ kind: 'Stalled' });
  expect(requests).toHaveLength(3);
});
