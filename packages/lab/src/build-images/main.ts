import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { PROGRAMS } from '../build/index.ts';
import { compressedBytes, rootOf, writeLayout } from '../images/index.ts';
import { needUpFront } from '../set-up/index.ts';
import { buildImages } from './build-images.ts';

const HELP = `npm run images -- --out DIR

Writes the images of all programs as OCI layouts, DIR/coordinator, DIR/agent and DIR/cli, each with the tag "latest", for the
platform of this machine. Needs no Docker daemon: the base is npm's Node and Debian's C library, taken from this machine
(Debian 12 or newer). Layouts that are already there are replaced. The same sources on the same machine give the same
digests; SOURCE_DATE_EPOCH takes the place of the commit's time.

  --out DIR   where to
  --help      this

Push one with: skopeo copy oci:DIR/agent:latest docker://REGISTRY/kube-prefetch/agent:VERSION
`;
const TAG = 'latest';

try {
  await main();
} catch (error) {
  process.stderr.write(`images: ${(error as Error).message}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { out: { type: 'string' }, help: { type: 'boolean', short: 'h' } } });
  if (values.help) return void process.stdout.write(HELP);
  if (values.out === undefined) throw new Error(`--out: expected a folder\n\n${HELP}`);
  const out = resolve(values.out);
  for (const program of PROGRAMS) await expectOurs(join(out, program));
  await needUpFront('build images');
  const images = await buildImages();
  for (const program of PROGRAMS) {
    const folder = join(out, program);
    await rm(folder, { recursive: true, force: true });
    await writeLayout(folder, images[program], TAG);
    const size = (compressedBytes(images[program]) / 1e6).toFixed(1);
    process.stdout.write(`oci:${folder}:${TAG}  ${size} MB compressed  ${rootOf(images[program]).digest}\n`);
  }
}

/** What is there is only replaced if it is a layout, or empty. */
async function expectOurs(folder: string): Promise<void> {
  if (!existsSync(folder) || existsSync(join(folder, 'oci-layout')) || (await readdir(folder)).length === 0) return;
  throw new Error(`expected ${folder} to be an OCI layout that can be replaced, or not to exist`);
}
