import { createHash } from 'node:crypto';
import type { DebianRecord, Release } from '../build-images/index.ts';
import type { Artefact } from './artefact.ts';
import type { NpmSbom } from './sbom.ts';

export interface ProvenanceInput {
  readonly release: Release;
  readonly artefacts: readonly Artefact[];
  /** Paths and contents of the files that pin what was taken in. */
  readonly pins: readonly Artefact[];
  readonly npm: NpmSbom;
  readonly debian: readonly DebianRecord[];
  /** The Node in each executable, under its package of npm. */
  readonly nodes: readonly Artefact[];
  /** What ran, by name: what makes other bytes of the same sources in another version. */
  readonly tools: Readonly<Record<string, string>>;
}

/** What the artefacts were made of, as SLSA's provenance in an in-toto statement, without a signature. Pure. */
export function provenanceOf({ release, artefacts, pins, npm, debian, nodes, tools }: ProvenanceInput): object {
  const node = npm.packages.find(({ name }) => name === `node-linux-${process.arch}`);
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: artefacts.map(({ name, contents }) => ({ name, digest: { sha256: sha256(contents) } })),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'https://kube-prefetch.io/release/v1',
        externalParameters: { command: 'npm run release -- --dry-run', version: release.version },
        internalParameters: {
          note: 'Made by whoever ran the command, on a machine of theirs. Nobody signed this: it proves nothing, and says what to repeat.',
          created: release.created,
        },
        resolvedDependencies: [
          { name: 'source', ...commitOf(release.revision) },
          ...pins.map(({ name, contents }) => ({ name, digest: { sha256: sha256(contents) } })),
          {
            uri: `pkg:npm/${node?.name}@${node?.versionInfo}`,
            digest: { sha512: (node?.checksums as { checksumValue: string }[] | undefined)?.[0]?.checksumValue },
          },
          ...debian.map(({ name, version, architecture }) => {
            return {
              uri: `pkg:deb/debian/${name.replaceAll('+', '%2B')}@${encodeURIComponent(version)}?arch=${architecture}`,
            };
          }),
          ...nodes.map(({ name, contents }) => ({
            name: `node of pkg:npm/${name}`,
            digest: { sha256: sha256(contents) },
          })),
        ],
      },
      runDetails: { builder: { id: 'https://kube-prefetch.io/release/by-hand', version: tools } },
    },
  };
}

/** Changed files have no commit, and so no digest. */
function commitOf(revision: string) {
  const [commit = '', dirty] = revision.split('-');
  if (!/^[0-9a-f]{40}$/.test(commit) || dirty !== undefined) return { annotations: { revision } };
  return { digest: { gitCommit: commit } };
}

export function sha256(contents: Buffer): string {
  return createHash('sha256').update(contents).digest('hex');
}
