import { Code, ConnectError, createClient, createRouterTransport } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { ImageService } from './generated/cri_pb.ts';
import { lookAtList } from './look-at-list.ts';

const NEVER = new AbortController().signal;
const DIGEST = `sha256:${'a'.repeat(64)}`;
const NGINX = { id: 'nginx', size: 7n, repoTags: ['docker.io/library/nginx:latest'], repoDigests: [] };
const APP = { id: 'app', size: 3n, repoTags: [], repoDigests: [`r.example:5000/app@${DIGEST}`] };

function clientFor(asked: string[]) {
  const transport = createRouterTransport(({ service }) =>
    service(ImageService, {
      listImages: () => ({ images: [NGINX, APP] }),
      imageStatus: request => {
        asked.push(request.image?.image ?? '');
        return {};
      },
    }),
  );
  return createClient(ImageService, transport);
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
  const seen = await lookAtList(clientFor(asked), [image], NEVER);
  const presence = seen.get(image);
  expect(presence?.present ? presence.id : undefined).toBe(id);
  expect([seen.size, asked]).toEqual([1, []]);
});

test('what is no reference is left to the runtime to judge', async () => {
  const asked: string[] = [];
  const seen = await lookAtList(clientFor(asked), ['Bad Ref', 'nginx'], NEVER);
  expect(asked).toEqual(['Bad Ref']);
  expect(seen.get('Bad Ref')).toEqual({ present: false });
  expect(seen.get('nginx')).toMatchObject({ present: true });
});

test('a list that fails is not an empty list', async () => {
  const transport = createRouterTransport(({ service }) =>
    service(ImageService, {
      listImages: () => {
        throw new ConnectError('gone', Code.Unavailable);
      },
    }),
  );
  await expect(lookAtList(createClient(ImageService, transport), ['nginx'], NEVER)).rejects.toThrow('gone');
});
