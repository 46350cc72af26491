import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { readRelease } from '../build-images/index.ts';
import { sayToStderr as say } from '../machine/index.ts';
import { HOMEPAGE } from './krew-manifest.ts';
import { makeExecutables } from './make-executables.ts';
import { choosePlatforms, platformName, PLATFORMS } from './platforms.ts';

const HELP = `npm run executables -- --out DIR [--platform NAME]...

Makes kubectl-prefetch as one file that needs nothing else, Node and all: an archive for each platform, and the manifest for krew.
Node comes from npm, 50 MB for each platform, and is kept. Those for macOS have to be signed on macOS before they run there.

  --out DIR         where to
  --platform NAME   only this one: ${PLATFORMS.map(platformName).join(', ')}; the manifest then has no other
  --homepage URL    of the project; archives are below its releases/download/vVERSION
  --help            this
`;
try {
  await main();
} catch (error) {
  process.stderr.write(`executables: ${(error as Error).message}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      platform: { type: 'string', multiple: true, default: PLATFORMS.map(platformName) },
      homepage: { type: 'string', default: HOMEPAGE },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  if (values.out === undefined) throw new Error(`--out: expected a folder\n\n${HELP}`);
  const platforms = choosePlatforms(values.platform);
  const out = resolve(values.out);
  await mkdir(out, { recursive: true });
  const { version } = await readRelease();
  for (const { name, contents } of await makeExecutables({ platforms, version, homepage: values.homepage, say })) {
    await writeFile(join(out, name), contents);
    process.stdout.write(`${name} (${(contents.length / 1e6).toFixed(1)} MB)\n`);
  }
}
