import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type GuardedRegistry,
  pushImage,
  READER,
  type Registry,
  startGuardedRegistry,
  startRegistry,
} from '@kube-prefetch/lab/debian-registry';
import { buildImage, helloProgram } from '@kube-prefetch/lab/images';
import { type Child, freePort, scratchFolder } from '@kube-prefetch/lab/machine';
import { createEngine, startDockerd, startPodman } from '@kube-prefetch/lab/runtimes';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { preparePrograms } from '../programs/start-programs.ts';

interface Engine {
  readonly socket: string;
  close(): Promise<void>;
}

/** containerd and the kubelet's part of it: test/e2e/scenarios/private.ts. */
const ENGINES: readonly (readonly [name: string, start: (dir: string, registry: string) => Promise<Engine>])[] = [
  ['dockerd', (dir, registry) => startDockerd({ dir, registries: [registry] })],
  ['podman', (dir, registry) => startPodman({ dir, registries: [registry], hubMirror: registry })],
];

describe.each(ENGINES)('both programs, %s and a docker-registry with htpasswd', (_name, start) => {
  const scratch = scratchFolder('kp-private');
  const children: Child[] = [];
  let registry: Registry;
  let guarded: GuardedRegistry;
  let engine: Engine;
  let programs: Awaited<ReturnType<typeof preparePrograms>>;

  beforeAll(async () => {
    const dir = join(scratch.path, 'r');
    registry = await startRegistry({ dir });
    const address = `127.0.0.1:${await freePort()}`;
    const users = READER['first-password'];
    guarded = await startGuardedRegistry({ dir, address, users, logFile: join(dir, 'guarded.log') });
    engine = await start(join(scratch.path, 'e'), address);
    programs = await preparePrograms(scratch.path, engine.socket);
    children.push(await programs.startCoordinator(), (await programs.startAgent()).child);
  });
  afterAll(async () => {
    for (const child of children.toReversed()) await child.stop();
    await engine?.close();
    await guarded?.stop();
    await registry?.stop();
    scratch.remove();
  });

  test('each namespace has its own secret and no other, a password changes meanwhile, and containers start with the registry off', async () => {
    const [app, later, theirs] = [await publish('shop/app'), await publish('shop/later'), await publish('billing/app')];
    write('shop', 'first-password', [app]);
    write('billing', 'a-wrong-password', [theirs]);
    const pulled = await programs.until(app, ({ state }) => state === 'Present', 'there');
    expect(pulled.pull?.credential).toBe('secret shop/regcred');
    const refused = await programs.until(theirs, ({ state }) => state === 'Failed', 'refused');
    expect(refused.failure?.kind).toBe('Unauthorized');

    // A secret is read again for a refusal at most every ten seconds.
    await sleep(10_000);
    guarded.setUsers(READER['second-password']);
    write('shop', 'second-password', [app, later]);
    expect((await programs.until(later, ({ state }) => state === 'Present', 'there')).pull?.credential).toBe(
      'secret shop/regcred',
    );

    await guarded.stop();
    const { has, run } = createEngine(engine.socket);
    expect([await run(app), await run(later), await has(theirs)]).toEqual(['shop/app', 'shop/later', false]);
  });

  /** Its container prints the name. */
  async function publish(name: string): Promise<string> {
    const files = [{ path: 'bin/hello', contents: await helloProgram(), executable: true }];
    await pushImage(registry.address, name, 'v1', buildImage({ files, entrypoint: ['/bin/hello', name] }));
    return `${guarded.address}/${name}:v1`;
  }

  function write(namespace: string, password: string, images: readonly string[]): void {
    const auths = { [guarded.address]: { username: 'reader', password } };
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace, name: 'regcred' },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
    };
    const prefetch = {
      apiVersion: 'kube-prefetch.io/v1alpha1',
      kind: 'Prefetch',
      metadata: { namespace, name: 'all' },
      spec: { images, imagePullSecrets: [{ name: 'regcred' }] },
    };
    const file = join(scratch.path, 'manifests', `${namespace}.yaml`);
    writeFileSync(file, [secret, prefetch].map(object => JSON.stringify(object)).join('\n---\n'));
  }
});
