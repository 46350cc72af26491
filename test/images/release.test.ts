import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { runBlock } from '@kube-prefetch/lab/docs';
import { runProgram, scratchFolder } from '@kube-prefetch/lab/machine';
import { krewManifest, OWN_PLATFORM, PLATFORMS, platformName } from '@kube-prefetch/lab/executables';
import { goBuild, helmPrograms, needDebianPackages } from '@kube-prefetch/lab/set-up';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { listEntries, readLayout } from './unpack.ts';

const run = promisify(execFile);
const main = 'packages/lab/src/release/main.ts';
const PROGRAMS = ['coordinator', 'agent', 'cli'] as const;
const scratch = scratchFolder('kp-release');
const out = join(scratch.path, 'out');
const file = (name: string) => join(out, name);
const imageOf = (program: string) =>
  readdirSync(out).find(name => name.startsWith(`kube-prefetch-${program}-`) && name.endsWith('.oci.tar')) as string;
const sbomOf = (program: string) => readFileSync(file(imageOf(program).replace('.oci.tar', '.spdx.json')), 'utf8');

// Of the command line only what can run here.
let said: string;
beforeAll(async () => {
  await needDebianPackages(['skopeo']);
  const instead = { 'dist/release': `${out} --platform ${OWN_PLATFORM}` };
  said = await runBlock('docs/releasing.md', 'npm run release', { instead });
});
afterAll(() => scratch.remove());

test('a release is the same when it is made again, and all its files have the checksums that it lists', async () => {
  expect(said).toContain('the same when made again');
  await run('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: out });
  const listed = readFileSync(file('SHA256SUMS'), 'utf8').trim().split('\n');
  expect(listed.map(line => line.split('  ')[1] ?? '').toSorted()).toEqual(
    readdirSync(out)
      .filter(name => name !== 'SHA256SUMS')
      .toSorted(),
  );
});

test('without --dry-run it publishes nothing, and says where it is written what that needs', async () => {
  await expect(run(process.execPath, [main, '--out', out])).rejects.toThrow('docs/releasing.md');
  await expect(run(process.execPath, [main, '--dry-run', '--out', 'packages'])).rejects.toThrow('can be replaced');
});

test.each(PROGRAMS)(
  "SPDX's own library accepts what is in the image of the %s, and it is all that is there",
  async program => {
    const source = fileURLToPath(new URL('spdx-reader', import.meta.url));
    const reader = await goBuild({ name: 'spdx-reader', source, takes: 'under a minute' });
    const sbom = sbomOf(program);
    const listed = (await runProgram(join(reader, 'spdx-reader'), [], { input: sbom })).trim().split('\n');
    const folder = join(scratch.path, program);
    await run('skopeo', ['copy', `oci-archive:${file(imageOf(program))}`, `oci:${folder}:1`]);
    const { digest } = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')).manifests[0] as { digest: string };
    expect(sbom).toContain(digest.slice('sha256:'.length));
    const unpacked = join(scratch.path, `${program}-files`);
    await listEntries(readLayout(folder), unpacked);
    const { stdout: node } = await run(join(unpacked, 'nodejs/bin/node'), ['--version']);
    const licences = readFileSync(join(unpacked, 'app/LICENSES.txt'), 'utf8')
      .split(`${'-'.repeat(80)}\n\n`)
      .slice(1);
    const records = join(unpacked, 'var/lib/dpkg/status.d');
    const debian = readdirSync(records).map(name => {
      return `${name}@${/^Version: (.+)$/m.exec(readFileSync(join(records, name), 'utf8'))?.[1]}`;
    });
    const npm = licences.map(text => text.split(', ', 1)[0]?.replace(' ', '@') ?? '');
    const [version] = /(?<=-)\d[^-]*(?=-linux)/.exec(imageOf(program)) ?? [];
    const expected = [`kube-prefetch/${program}@${version}`, `node-linux-${process.arch}@${node.trim().slice(1)}`];
    expect(npm.length).toBeGreaterThan(5);
    expect(listed.toSorted()).toEqual([...expected, ...npm, ...debian].toSorted());
  },
);

test("krew's own program accepts the manifest, and installs the command line from the archive", async () => {
  const archive = readdirSync(out).find(name => name.startsWith('kubectl-prefetch-')) as string;
  const sha256 = createHash('sha256')
    .update(readFileSync(file(archive)))
    .digest('hex');
  const made = readFileSync(file('prefetch.yaml'), 'utf8');
  expect([made.includes(sha256), made.includes(`/${archive}`)]).toEqual([true, true]);
  const server = createServer((_request, response) => response.end(readFileSync(file(archive)))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => server.close().closeAllConnections());
  const platform = PLATFORMS.find(each => platformName(each) === OWN_PLATFORM) as (typeof PLATFORMS)[number];
  const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${archive}`;
  const manifest = join(scratch.path, 'prefetch.yaml');
  writeFileSync(manifest, JSON.stringify(krewManifest('0.1.0', 'https://x.example', [{ platform, uri, sha256 }])));
  const module = 'sigs.k8s.io/krew';
  const packages = ['validate-krew-manifest', 'krew'].map(name => `${module}/cmd/${name}`);
  const krew = await goBuild({ name: 'krew', module, version: 'v0.4.3', packages, takes: 'about a minute' });
  const { kubectl } = await helmPrograms();
  const bin = join(scratch.path, 'bin');
  mkdirSync(bin);
  symlinkSync(kubectl, join(bin, 'kubectl'));
  symlinkSync(join(krew, 'krew'), join(bin, 'kubectl-krew'));
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  const { stderr } = await run(join(krew, 'validate-krew-manifest'), ['-manifest', manifest], { env });
  expect(stderr).toContain('installed fine');
});

test('helm finds nothing in the packaged chart, and renders from it what it renders from the folder', async () => {
  const { helm } = await helmPrograms();
  const chart = file(readdirSync(out).find(name => name.endsWith('.tgz')) as string);
  const images = ['coordinator', 'agent'].map(
    program => `--set=${program}.image.repository=registry.example/${program}`,
  );
  await run(helm, ['lint', '--strict', chart, ...images]);
  const rendered = (from: string) => run(helm, ['template', 'a', from, ...images]).then(({ stdout }) => stdout);
  expect(await rendered(chart)).toBe(await rendered('charts/kube-prefetch'));
});

test('the note of what it was made of names every file by its hash, the lockfile, Node and the commit', () => {
  const note = JSON.parse(readFileSync(file('provenance.intoto.json'), 'utf8'));
  const named = (note.subject as readonly Subject[]).map(({ name, digest }) => `${digest.sha256}  ${name}`);
  const listed = readFileSync(file('SHA256SUMS'), 'utf8').trim().split('\n');
  expect(named).toEqual(listed.filter(line => !line.endsWith('.intoto.json')));
  const taken = JSON.stringify(note.predicate.buildDefinition.resolvedDependencies);
  expect(taken).toMatch(/"gitCommit":"[0-9a-f]{40}"|"revision":"/);
  expect(taken).toContain('package-lock.json');
  expect(taken).toMatch(/pkg:npm\/node-linux-\w+@\d+\.\d+\.\d+","digest":{"sha512":"[0-9a-f]{128}"/);
});

interface Subject {
  readonly name: string;
  readonly digest: { readonly sha256: string };
}
