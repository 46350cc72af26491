import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { choosePlatforms, platformName, PLATFORMS } from '../executables/index.ts';
import { sayToStderr } from '../machine/index.ts';
import { needUpFront } from '../set-up/index.ts';
import type { Artefact } from './artefact.ts';
import { makeArtefacts } from './make-artefacts.ts';

const CHECKSUMS = 'SHA256SUMS';
const HELP = `npm run release -- --dry-run [--out DIR] [--platform NAME]...

Makes everything that a release consists of, twice, and fails where the two differ: for each program its image as an OCI
archive, what is in the image as SPDX, and its bundle; the command line as one file for each platform, and krew's manifest; the
chart; a note of what they were made of; checksums of all. Images are for the platform of this machine, on Debian 12 or newer.
Nothing leaves the machine.

  --dry-run         must be there: nothing publishes yet
  --out DIR         where to (default dist/release); what an earlier run left there is replaced
  --platform NAME   of the command line only this one: ${PLATFORMS.map(platformName).join(', ')}
  --help            this
`;
const REFUSAL = `expected --dry-run: this command publishes nothing. What a real release needs beyond it (accounts, keys, and the steps in
their order) is in docs/releasing.md.`;

try {
  await main();
} catch (error) {
  process.stderr.write(`release: ${(error as Error).message}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const options = {
    'dry-run': { type: 'boolean' },
    out: { type: 'string' },
    platform: { type: 'string', multiple: true, default: PLATFORMS.map(platformName) },
    help: { type: 'boolean' },
  } as const;
  const { values } = parseArgs({ options });
  if (values.help) return void process.stdout.write(HELP);
  if (!values['dry-run']) throw new Error(REFUSAL);
  const platforms = choosePlatforms(values.platform);
  const out = resolve(values.out ?? 'dist/release');
  await expectOurs(out);
  await needUpFront('build images');
  const artefacts = await makeArtefacts({ platforms, say: sayToStderr });
  sayToStderr('Making everything again, to compare');
  expectEqual(artefacts, await makeArtefacts({ platforms, say: () => {} }));
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  for (const { name, contents } of artefacts) await writeFile(join(out, name), contents);
  process.stdout.write(artefacts.find(({ name }) => name === CHECKSUMS)?.contents.toString() ?? '');
  process.stdout.write(`${artefacts.length} files in ${out}, the same when made again\n`);
}

function expectEqual(first: readonly Artefact[], second: readonly Artefact[]): void {
  const differ = first.filter(({ contents }, index) => !second[index]?.contents.equals(contents));
  if (differ.length === 0) return;
  throw new Error(`expected the same bytes twice, got others of ${differ.map(({ name }) => name).join(', ')}`);
}

async function expectOurs(out: string): Promise<void> {
  if (!existsSync(out) || existsSync(join(out, CHECKSUMS)) || (await readdir(out)).length === 0) return;
  throw new Error(`expected ${out} to be a release that can be replaced, or not to exist`);
}
