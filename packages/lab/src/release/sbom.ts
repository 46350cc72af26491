import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Program, packageFolders } from '../build/index.ts';
import type { DebianRecord, Release } from '../build-images/index.ts';
import { type Image, rootOf } from '../images/index.ts';
import { runProgram } from '../machine/index.ts';

/** A package in the words of SPDX 2.3. */
export interface SpdxPackage {
  readonly SPDXID: string;
  readonly name: string;
  readonly versionInfo: string;
  readonly [field: string]: unknown;
}

/** `npm sbom` of the whole lockfile: names, versions, licences and hashes, of which each image has some. */
export interface NpmSbom {
  readonly creationInfo: { readonly creators: readonly string[] };
  readonly packages: readonly SpdxPackage[];
}

export async function readNpmSbom(root: string): Promise<NpmSbom> {
  return JSON.parse(await runProgram('npm', ['sbom', '--sbom-format=spdx', '--package-lock-only'], { cwd: root }));
}

export interface SbomInput {
  readonly name: string;
  readonly program: Program;
  readonly release: Release;
  readonly image: Image;
  readonly npm: NpmSbom;
  /** `name@version` of the npm packages of which something is in the program's bundle. */
  readonly bundled: readonly string[];
  readonly debian: readonly DebianRecord[];
}

/** What is in an image: the npm packages of its bundle, Node, and Debian's libraries. Pure. */
export function imageSbom({ name, program, release, image, npm, bundled, debian }: SbomInput): object {
  const { digest } = rootOf(image);
  const hex = digest.slice('sha256:'.length);
  const itself = {
    SPDXID: 'SPDXRef-Image',
    name: `kube-prefetch/${program}`,
    versionInfo: release.version,
    primaryPackagePurpose: 'CONTAINER',
    ...FROM_NOWHERE,
    licenseDeclared: 'Apache-2.0',
    checksums: [{ algorithm: 'SHA256', checksumValue: hex }],
    externalRefs: [purl(`pkg:oci/${program}@${encodeURIComponent(digest)}`)],
  };
  const contents = [...[...bundled, NODE].map(wanted => npmPackage(npm, wanted)), ...debian.map(debianPackage)];
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    documentNamespace: `https://kube-prefetch.io/spdx/${name}-${hex}`,
    creationInfo: {
      created: release.created.replace(/\.\d+Z$/, 'Z'),
      creators: [...npm.creationInfo.creators, `Tool: kube-prefetch-release-${release.version}`],
    },
    documentDescribes: [itself.SPDXID],
    packages: [itself, ...contents],
    relationships: [
      { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: itself.SPDXID },
      ...contents.map(({ SPDXID }) => {
        return { spdxElementId: itself.SPDXID, relationshipType: 'CONTAINS', relatedSpdxElement: SPDXID };
      }),
    ],
  };
}

const FROM_NOWHERE = { downloadLocation: 'NOASSERTION', filesAnalyzed: false } as const;
const NODE = `node-linux-${process.arch}`;

/** `wanted`: `name@version`, or a name of which the lockfile has one version. */
function npmPackage(npm: NpmSbom, wanted: string): SpdxPackage {
  const found = npm.packages.find(({ name, versionInfo }) => [name, `${name}@${versionInfo}`].includes(wanted));
  if (found === undefined) throw new Error(`expected npm sbom to list ${wanted}`);
  if (found.name !== NODE) return found;
  // Scanners know Node by this name, not by that of the npm package which carries it.
  const cpe = `cpe:2.3:a:nodejs:node.js:${found.versionInfo}:*:*:*:*:*:*:*`;
  const refs = [...(found.externalRefs as object[]), purl(`pkg:generic/node@${found.versionInfo}`)];
  return {
    ...found,
    primaryPackagePurpose: 'APPLICATION',
    externalRefs: [...refs, { referenceCategory: 'SECURITY', referenceType: 'cpe23Type', referenceLocator: cpe }],
  };
}

function debianPackage({ name, version, architecture }: DebianRecord): SpdxPackage {
  return {
    SPDXID: `SPDXRef-Debian-${name.replaceAll(/[^a-zA-Z0-9.-]/g, '-')}`,
    name,
    versionInfo: version,
    ...FROM_NOWHERE,
    licenseDeclared: 'NOASSERTION',
    externalRefs: [
      purl(`pkg:deb/debian/${name.replaceAll('+', '%2B')}@${encodeURIComponent(version)}?arch=${architecture}`),
    ],
  };
}

function purl(referenceLocator: string) {
  return { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator };
}

/** Only what the bundler took in, whatever else package.json names. */
export async function bundledPackages(root: string, inputs: readonly string[]): Promise<readonly string[]> {
  const names = packageFolders(inputs).map(async folder => {
    const { name, version } = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8'));
    return `${name}@${version}`;
  });
  return [...new Set(await Promise.all(names))];
}
