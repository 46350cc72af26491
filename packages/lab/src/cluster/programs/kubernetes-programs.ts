import { join } from 'node:path';
import { type Say, sayToStderr } from '../../machine/index.ts';
import { goBuild } from '../../set-up/index.ts';

/** `1.37`: what the tests run on. `1.34`: the oldest API server that we promise to work with. */
export type KubernetesVersion = '1.37' | '1.34';

export type KubernetesProgram =
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-proxy'
  | 'kube-scheduler'
  | 'kubelet';

const PATCHES: Record<KubernetesVersion, string> = { '1.37': '1.37.2', '1.34': '1.34.4' };
const MODULE = 'k8s.io/kubernetes';
/** Without these the API server says v0.0.0, and kubelets refuse it. */
const VERSION_VARIABLES = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'];

/** Paths of real Kubernetes programs by name; what is not built yet is built from the Go module, which takes minutes. */
export async function kubernetesPrograms<P extends KubernetesProgram>(
  version: KubernetesVersion,
  programs: readonly P[],
  { say = sayToStderr }: { say?: Say } = {},
): Promise<Record<P, string>> {
  const paths: [P, string][] = [];
  // One after another: they share most packages, and each build already uses every core.
  for (const program of programs) paths.push([program, await buildProgram(version, program, say)]);
  return Object.fromEntries(paths) as Record<P, string>;
}

async function buildProgram(minor: KubernetesVersion, program: KubernetesProgram, say: Say): Promise<string> {
  const patch = PATCHES[minor];
  const folder = await goBuild({
    name: program,
    module: MODULE,
    version: `v${patch}`,
    stagingVersion: patch.replace(/^1\./, 'v0.'),
    packages: [`${MODULE}/cmd/${program}`],
    ldflags: ldflags(patch),
    takes: 'up to 6 minutes on 2 cores, under 1 when another program of this version was built before',
    say,
  });
  return join(folder, program);
}

function ldflags(patch: string): string {
  const [major, minor] = patch.split('.');
  const numbers = { gitVersion: `v${patch}`, gitMajor: major, gitMinor: minor };
  return VERSION_VARIABLES.flatMap(path =>
    Object.entries(numbers).map(([name, value]) => `-X ${path}.${name}=${value}`),
  ).join(' ');
}
