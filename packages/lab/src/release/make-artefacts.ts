import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PROGRAMS, type Program, bundle } from '../build/index.ts';
import { buildImages, debianVersions, readRelease } from '../build-images/index.ts';
import { HOMEPAGE, makeExecutables, nodeFor, type Platform } from '../executables/index.ts';
import { layoutFiles, writeTar } from '../images/index.ts';
import { type Say, runProgram, scratchFolder } from '../machine/index.ts';
import { type Artefact, packFolder } from './artefact.ts';
import { provenanceOf, sha256 } from './provenance.ts';
import { bundledPackages, imageSbom, readNpmSbom } from './sbom.ts';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
/** As names of platforms have it. */
const ARCHITECTURE = process.arch === 'x64' ? 'amd64' : process.arch;
const PINS = ['package-lock.json', 'packages/lab/src/build/bundle.ts', 'packages/lab/src/executables/platforms.ts'];

/**
 * Everything that a release of these sources consists of; `platforms`: those of the command line as one file. The same sources on the
 * same machine give the same bytes.
 */
export async function makeArtefacts({
  platforms,
  say,
}: {
  platforms: readonly Platform[];
  say: Say;
}): Promise<readonly Artefact[]> {
  const release = await readRelease();
  const [images, npm, debian] = [await buildImages({ say }), await readNpmSbom(ROOT), await debianVersions()];
  const artefacts: Artefact[] = [];
  for (const program of PROGRAMS) {
    const name = `kube-prefetch-${program}-${release.version}`;
    const image = images[program];
    const { archive, inputs } = await bundleArchive(program, name);
    const bundled = await bundledPackages(ROOT, inputs);
    const platform = `${name}-linux-${ARCHITECTURE}`;
    const sbom = imageSbom({ name: platform, program, release, image, npm, bundled, debian });
    artefacts.push(
      { name: `${platform}.oci.tar`, contents: writeTar(layoutFiles(image, release.version)) },
      { name: `${platform}.spdx.json`, contents: json(sbom) },
      { name: `${name}.tar.gz`, contents: archive },
    );
  }
  const chart = await packFolder(join(ROOT, 'charts/kube-prefetch'), 'kube-prefetch');
  artefacts.push({ name: `kube-prefetch-${release.version}.tgz`, contents: chart });
  const { version } = release;
  artefacts.push(...(await makeExecutables({ platforms, version, homepage: HOMEPAGE, say })));
  const nodes = await Promise.all(platforms.map(platform => nodeFor(platform, say)));
  const binaries = nodes.map(async ({ package: name, node }) => ({ name, contents: await readFile(node) }));
  const pins = await Promise.all(PINS.map(async name => ({ name, contents: await readFile(join(ROOT, name)) })));
  const tools = await toolVersions();
  const provenance = provenanceOf({ release, artefacts, pins, npm, debian, nodes: await Promise.all(binaries), tools });
  artefacts.push({ name: 'provenance.intoto.json', contents: json(provenance) });
  return [...artefacts, checksums(artefacts)];
}

async function bundleArchive(program: Program, name: string) {
  const scratch = scratchFolder('kp-release');
  try {
    const { inputs } = await bundle(program, scratch.path);
    return { archive: await packFolder(join(scratch.path, program), name), inputs };
  } finally {
    scratch.remove();
  }
}

/** As `sha256sum --check` reads it. */
function checksums(artefacts: readonly Artefact[]): Artefact {
  const lines = artefacts.map(({ name, contents }) => `${sha256(contents)}  ${name}\n`);
  return { name: 'SHA256SUMS', contents: Buffer.from(lines.join('')) };
}

async function toolVersions(): Promise<Readonly<Record<string, string>>> {
  const [strip = ''] = (await runProgram('strip', ['--version'])).split('\n');
  return {
    node: process.version,
    zlib: process.versions.zlib,
    npm: (await runProgram('npm', ['--version'])).trim(),
    strip,
  };
}

function json(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
}
