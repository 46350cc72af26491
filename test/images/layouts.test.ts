import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runBlock } from '@kube-prefetch/lab/docs';
import { scratchFolder } from '@kube-prefetch/lab/machine';
import { needDebianPackages } from '@kube-prefetch/lab/set-up';
import { startRegistry } from '@kube-prefetch/lab/debian-registry';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listEntries, readLayout } from './unpack.ts';

const run = promisify(execFile);
const MAX_BYTES = 60_000_000;
const PROGRAMS = ['coordinator', 'agent', 'cli'] as const;
const main = 'packages/lab/src/build-images/main.ts';
const scratch = scratchFolder('kp-layouts');
const out = join(scratch.path, 'out');
const folderOf = (program: string) => join(out, program);

let said: string;
beforeAll(async () => {
  await needDebianPackages(['skopeo']);
  said = (await run(process.execPath, [main, '--out', out])).stdout;
});
afterAll(() => scratch.remove());

test('a second build, by docs/images.md, has the same digests without what the first one kept, and is pushed', async () => {
  const registry = await startRegistry({ dir: join(scratch.path, 'registry') });
  const instead = {
    '/tmp/images': out,
    'skopeo copy': 'skopeo copy --dest-tls-verify=false',
    'registry.example': registry.address,
  };
  const env = { KUBE_PREFETCH_CACHE: join(scratch.path, 'cache') };
  expect(await runBlock('docs/images.md', 'npm run images', { instead, env })).toContain(said);
  const pushed = `docker://${registry.address}/kube-prefetch/agent:0.1.0`;
  const { stdout } = await run('skopeo', ['inspect', '--tls-verify=false', '--format', '{{.Digest}}', pushed]);
  await registry.stop();
  expect(said).toContain(stdout.trim());
});

test('SOURCE_DATE_EPOCH is when the image was made, and the layers stay the same', async () => {
  const elsewhere = join(scratch.path, 'epoch');
  await run(process.execPath, [main, '--out', elsewhere], { env: { ...process.env, SOURCE_DATE_EPOCH: '86400' } });
  const [dated, usual] = [readLayout(join(elsewhere, 'agent')), readLayout(folderOf('agent'))];
  expect(dated.config.created).toBe('1970-01-02T00:00:00.000Z');
  expect(dated.manifest.layers).toEqual(usual.manifest.layers);
});

test('a folder that is no layout is left alone', async () => {
  await expect(run(process.execPath, [main, '--out', 'packages'])).rejects.toThrow('expected');
  expect(readdirSync('packages/agent')).toContain('src');
});

test.each(PROGRAMS)('skopeo inspects the layout of the %s, and copies it into a registry and back', async program => {
  const layout = `oci:${folderOf(program)}:latest`;
  const inspected = JSON.parse((await run('skopeo', ['inspect', layout])).stdout) as { Digest: string };
  const registry = await startRegistry({ dir: join(scratch.path, `registry-${program}`) });
  const remote = `docker://${registry.address}/kube-prefetch/${program}:1`;
  await run('skopeo', ['copy', '--dest-tls-verify=false', layout, remote]);
  const pushed = await run('skopeo', ['inspect', '--tls-verify=false', '--format', '{{.Digest}}', remote]);
  await run('skopeo', ['copy', '--src-tls-verify=false', remote, `oci:${join(scratch.path, `back-${program}`)}:1`]);
  await registry.stop();
  expect(pushed.stdout.trim()).toBe(inspected.Digest);
});

test('both images are on the same base layer, and the app of each is a layer of its own', () => {
  const [coordinator, agent] = PROGRAMS.map(program => readLayout(folderOf(program)).manifest.layers);
  expect(coordinator).toHaveLength(2);
  expect(agent).toHaveLength(2);
  expect(agent?.[0]).toEqual(coordinator?.[0]);
});

test.each(PROGRAMS)('the image of the %s has at most 60 MB compressed', program => {
  const bytes = readLayout(folderOf(program)).manifest.layers.reduce((sum, { size }) => sum + size, 0);
  expect(bytes).toBeLessThan(MAX_BYTES);
});

test.each(PROGRAMS)(
  'the image of the %s holds Node, what Node loads, and the program: no shell, no npm',
  async program => {
    const entries = await listEntries(readLayout(folderOf(program)), join(scratch.path, `root-${program}`));
    const files = entries.filter(line => !line.includes('/ ')).map(line => line.split(' ')[0] ?? '');
    const expected = [
      /^\/app\/([\w-]+\.mjs|LICENSES\.txt|package\.json)$/,
      /^\/etc\/(group|nsswitch\.conf|os-release|passwd)$/,
      /^\/lib(64)?\/([\w-]+\/)?(ld-linux-[\w-]+|lib(c|dl|gcc_s|m|pthread|stdc\+\+))\.so\.\d$/,
      /^\/nodejs\/bin\/node$/,
      /^\/usr\/share\/doc\/(nodejs|libc6|libgcc-s1|libstdc\+\+6)\/copyright$/,
      /^\/var\/lib\/dpkg\/status\.d\/(libc6|libgcc-s1|libstdc\+\+6)$/,
    ];
    expect(files.filter(file => !expected.some(pattern => pattern.test(file)))).toEqual([]);
    expect(expected.filter(pattern => !files.some(file => pattern.test(file)))).toEqual([]);
    expect(entries).toContain('/tmp/ 1777 0:0');
  },
);
