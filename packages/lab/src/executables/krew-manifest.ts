import type { Platform } from './platforms.ts';

/** There is no public home yet. */
export const HOMEPAGE = 'https://kube-prefetch.example';

export interface KrewArchive {
  readonly platform: Platform;
  readonly uri: string;
  readonly sha256: string;
}

/** What krew's index takes. It reads JSON as the YAML that it is. */
export function krewManifest(version: string, homepage: string, archives: readonly KrewArchive[]): object {
  return {
    apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
    kind: 'Plugin',
    metadata: { name: 'prefetch' },
    spec: {
      version: `v${version}`,
      homepage,
      shortDescription: 'Is an image warm on your nodes, and if not, why',
      description: [
        'Shows what kube-prefetch keeps warm on the nodes of a cluster: progress, failures with what to',
        'do about them, and why an image is on one node and not on another. Waits for it in pipelines,',
        'tells what a resource would pull, and has images pulled before a rollout.',
      ].join('\n'),
      caveats: [
        'kube-prefetch must be installed in the cluster, and you need the rights of its viewer.',
        'For completion put a file kubectl_complete-prefetch on your PATH; krew cannot:',
        '  exec kubectl-prefetch complete -- "$@"',
      ].join('\n'),
      platforms: archives.map(({ platform, uri, sha256 }) => ({
        selector: { matchLabels: { os: platform.os, arch: platform.arch } },
        uri,
        sha256,
        files: [
          { from: executableName(platform), to: '.' },
          { from: 'LICENSE', to: '.' },
          { from: 'LICENSES.txt', to: '.' },
          { from: 'LICENSE-NODE', to: '.' },
        ],
        bin: executableName(platform),
      })),
    },
  };
}

export function executableName({ os }: Platform): string {
  return os === 'windows' ? 'kubectl-prefetch.exe' : 'kubectl-prefetch';
}
