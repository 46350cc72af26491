import { execFile } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundle } from '@kube-prefetch/lab/build';
import { BASE_CONFIG, baseLayer, buildImages } from '@kube-prefetch/lab/build-images';
import { assembleImage, writeLayout } from '@kube-prefetch/lab/images';
import { runBlock } from '@kube-prefetch/lab/docs';
import { sayToStderr as say, scratchFolder } from '@kube-prefetch/lab/machine';
import { type Registry, startRegistry } from '@kube-prefetch/lab/debian-registry';
import { needDebianPackages } from '@kube-prefetch/lab/set-up';
import { type Dockerd, startDockerd } from '@kube-prefetch/lab/runtimes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Layout, listEntries, readLayout } from './unpack.ts';

/** docker/Dockerfile, built by a real Docker daemon on our own base, against the images that are built without one. */
const run = promisify(execFile);
const BASE = 'kube-prefetch-base:latest';
const PROGRAMS = ['coordinator', 'agent', 'cli'] as const;
const scratch = scratchFolder('kp-dbuild');
const at = (...names: readonly string[]) => join(scratch.path, ...names);
const context = at('context');
let dockerd: Dockerd;
let registry: Registry;

beforeAll(async () => {
  await needDebianPackages(['skopeo']);
  registry = await startRegistry({ dir: at('registry') });
  dockerd = await startDockerd({ dir: at('d'), registries: [] });
  for (const [program, image] of Object.entries(await buildImages())) await writeLayout(at(program), image, 'latest');
  await loadBase();
  await makeContext();
  await buildAsWritten();
});
afterAll(async () => {
  await dockerd?.close();
  await registry?.stop();
  scratch.remove();
});

/** The builder of Debian's Docker Engine; a newer client would ask for another one. */
const dockerEnv = () => ({ ...process.env, DOCKER_HOST: `unix://${dockerd.socket}`, DOCKER_BUILDKIT: '0' });

function docker(...args: readonly string[]) {
  return run('docker', [...args], { env: dockerEnv() });
}

/** By the commands of the page, on our own base. */
async function buildAsWritten(): Promise<void> {
  await runBlock('docs/images.md', 'npm run build', {
    cwd: context,
    env: { ...dockerEnv(), base: BASE },
    leftOut: ['npm run build', 'name=', 'base='],
    instead: { '$(git rev-parse HEAD)': revision(), 'registry.example': registry.address },
  });
}

const built = (program: string) => `${registry.address}/kube-prefetch/${program}:0.1.0`;
const revision = () => readLayout(at('agent')).config.config.Labels['org.opencontainers.image.revision'] ?? '';

async function loadBase(): Promise<void> {
  const image = assembleImage({ layers: [await baseLayer({ say })], config: BASE_CONFIG });
  await writeLayout(at('base'), image, 'latest');
  await run('skopeo', ['copy', `oci:${at('base')}:latest`, `docker-archive:${at('base.tar')}:${BASE}`]);
  await docker('load', '--input', at('base.tar'));
}

/** What a checkout has after `npm run build`, with things beside it that no image may hold. */
async function makeContext(): Promise<void> {
  for (const name of ['docker/Dockerfile', '.dockerignore']) cpSync(name, join(context, name), { recursive: true });
  for (const program of PROGRAMS) {
    await bundle(program, join(context, 'dist'));
    writeFileSync(join(context, 'dist', program, 'left-over.mjs.map'), '{}');
  }
  writeFileSync(join(context, 'package.json'), '{}');
}

test('no base is taken that was not named', async () => {
  const file = join(context, 'docker', 'Dockerfile');
  await expect(docker('build', '--target', 'agent', '--file', file, context)).rejects.toThrow(
    /base name .* should not be blank/,
  );
});

async function save(program: string): Promise<Layout> {
  await docker('save', '--output', at(`${program}.tar`), built(program));
  await run('skopeo', ['copy', `docker-archive:${at(`${program}.tar`)}`, `oci:${at(`built-${program}`)}:1`]);
  return readLayout(at(`built-${program}`));
}

test.each(PROGRAMS)(
  'docker build gives the image of the %s the same files and the same configuration',
  async program => {
    const ours = readLayout(at(program));
    const saved = await save(program);
    const { Cmd: _, ...config } = saved.config.config;
    expect(config).toMatchObject(ours.config.config);
    const [theirs, wanted] = [
      await listEntries(saved, at(`root-built-${program}`)),
      await listEntries(ours, at(`root-${program}`)),
    ];
    expect(wanted.some(line => line.startsWith('/app/main.mjs 644 0:0 '))).toBe(true);
    expect(theirs).toEqual(wanted);
  },
);
