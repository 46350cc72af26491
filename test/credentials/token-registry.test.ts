import { join } from 'node:path';
import { createLookUpTag } from '@kube-prefetch/agent';
import { pushImage, startTokenRegistry, type TokenRegistry } from '@kube-prefetch/lab/debian-registry';
import { buildImage } from '@kube-prefetch/lab/images';
import { scratchFolder } from '@kube-prefetch/lab/machine';
import { startContainerd, startDockerd, startPodman } from '@kube-prefetch/lab/runtimes';
import { createCriRuntime, createDockerRuntime, type ImageRuntime, type RegistryAuth } from '@kube-prefetch/runtime';
import { systemClock as clock } from '@kube-prefetch/time';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const GOOD = { username: 'reader', password: 'a-good-password' };
const IDENTITY_TOKEN = 'an-identity-token';
const never = new AbortController().signal;

const scratch = scratchFolder('kp-tokens');
let registry: TokenRegistry;
beforeAll(async () => {
  registry = await startTokenRegistry({ dir: join(scratch.path, 'r'), ...GOOD, identityToken: IDENTITY_TOKEN });
});
afterAll(async () => {
  await registry?.close();
  scratch.remove();
});

const FOUND = 'the digest, after one token';
test.each<[string, string, RegistryAuth | undefined]>([
  ['a good pair', FOUND, GOOD],
  ['an identity token', FOUND, { username: '', password: '', identityToken: IDENTITY_TOKEN }],
  ['a wrong pair', 'Unauthorized', { ...GOOD, password: 'a-wrong-password' }],
  ['none', 'Unauthorized', undefined],
])('an agent that looks a tag up with %s is told %s', async (how, told, auth) => {
  const repository = `looked/${how.replaceAll(' ', '-')}`;
  const digest = await pushImage(registry.open.address, repository, 'v1', buildImage({ files: [] }));
  const found = await createLookUpTag({}, clock)(`${registry.address}/${repository}:v1`, auth, never).catch(
    error => error.kind,
  );
  expect(found).toBe(told === FOUND ? digest : told);
  expect(registry.asked.filter(({ scope }) => scope.includes(repository)).length).toBe(1);
});

interface Started {
  readonly runtime: ImageRuntime;
  close(): Promise<void>;
}

const RUNTIMES: readonly (readonly [
  name: string,
  start: (dir: string, registries: readonly string[]) => Promise<Started>,
])[] = [
  ...(['debian', '2.4'] as const).map(
    version =>
      [
        `containerd ${version}`,
        async (dir: string, registries: readonly string[]) => {
          const containerd = await startContainerd({ dir, version, registries });
          return { runtime: createCriRuntime({ socket: containerd.socket, clock }), close: () => containerd.stop() };
        },
      ] as const,
  ),
  [
    'dockerd',
    async (dir, registries) => {
      const dockerd = await startDockerd({ dir, registries });
      return { runtime: createDockerRuntime({ socket: dockerd.socket, clock }), close: () => dockerd.close() };
    },
  ],
  [
    'podman',
    async (dir, registries) => {
      const podman = await startPodman({ dir, registries, hubMirror: registries[0] as string });
      return { runtime: createDockerRuntime({ socket: podman.socket, clock }), close: () => podman.close() };
    },
  ],
];

describe.each(RUNTIMES)('a registry with a token server, by %s', (name, start) => {
  let started: Started;
  let pulled = 0;
  beforeAll(async () => {
    started = await start(join(scratch.path, name.replace(' ', '-')), [registry.address]);
  });
  afterAll(() => started?.close());

  /** Of an image that was never pulled before. */
  const pull = async (auth: RegistryAuth | undefined) => {
    const repository = `${name.replace(/\W/g, '')}/app${++pulled}`;
    const image = buildImage({ files: [{ path: 'x', contents: Buffer.from(repository) }] });
    await pushImage(registry.open.address, repository, 'v1', image);
    await started.runtime.version(never);
    const outcome = await started.runtime
      .pull(`${registry.address}/${repository}:v1`, auth, () => {}, never)
      .then(
        () => 'pulled',
        error => `${error.kind}: ${error.message}`,
      );
    return { outcome, asked: registry.asked.filter(({ scope }) => scope.includes(repository)) };
  };

  test('a good pair gets a token for the repository, and the image', async () => {
    const { outcome, asked } = await pull(GOOD);
    expect(outcome).toBe('pulled');
    expect(asked[0]).toMatchObject({ by: 'reader', scope: expect.stringMatching(/^repository:.*:pull$/) });
  });

  test.each([
    ['a wrong pair', { ...GOOD, password: 'a-wrong-password' }],
    ['none', undefined],
  ])('%s is Unauthorized, without a word of it', async (_case, auth) => {
    const { outcome } = await pull(auth);
    expect(outcome).toMatch(/^Unauthorized: /);
    expect(outcome).not.toContain('a-wrong-password');
  });

  test('an identity token is handed to the token server', async () => {
    const { outcome, asked } = await pull({ username: '', password: '', identityToken: IDENTITY_TOKEN });
    expect([outcome, asked[0]?.how]).toEqual(['pulled', 'refresh_token']);
  });
});
