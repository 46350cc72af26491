import { helmPrograms } from './helm-programs.ts';
import { type DebianPackage, declarePackages, needDebianPackages } from './debian-packages.ts';
import { type Say } from '../machine/index.ts';
import { findGo } from './find-go.ts';

/** `go`: the compiler. `helm`: helm and kubectl. */
export type Need = DebianPackage | 'go' | 'helm';

const go: readonly Need[] = ['go', 'ca-certificates'];
const helm: readonly Need[] = ['helm', 'unzip'];
const containerd: readonly Need[] = ['containerd', 'runc'];
const docker: readonly Need[] = [...containerd, 'docker.io'];
const apiServer: readonly Need[] = [...go, ...helm, 'curl', 'openssl'];
const nodes: readonly Need[] = ['containernetworking-plugins', 'iptables', 'conntrack', 'ethtool', 'socat'];
const namespaces: readonly Need[] = ['iproute2', 'util-linux', 'mount'];
const cluster: readonly Need[] = [...apiServer, ...containerd, 'docker-registry', ...nodes, ...namespaces];
const images: readonly Need[] = ['binutils'];
const shells: readonly Need[] = ['bash-completion', 'fish', 'zsh'];

/** What each command and each folder under test/ needs of the machine, so that it is there before anything takes long. */
export const NEEDS = {
  unit: [],
  oracle: go,
  runtime: [...go, ...docker, 'podman'],
  simulation: [],
  http: [],
  browser: ['chromium'],
  credentials: [...go, ...docker, 'docker-registry', 'openssl', 'podman'],
  leaks: [...apiServer, ...containerd, 'docker.io', 'podman'],
  programs: [...go, ...docker, 'docker-registry', 'podman', ...helm, ...shells, 'prometheus'],
  endurance: [...apiServer, ...containerd],
  'api-server': apiServer,
  images: [...images, ...go, ...helm, ...docker, 'docker-registry', 'skopeo'],
  scheduler: apiServer,
  chart: apiServer,
  harness: cluster,
  demo: [...go, ...docker, 'docker-registry'],
  e2e: [...cluster, ...images, 'prometheus', 'git'],
  waves: [...cluster, ...images],
  cluster,
  'cluster push': ['skopeo'],
  'demo on containerd': [...go, ...containerd, 'docker-registry'],
  'demo on docker': [...go, 'docker-registry'],
  'build images': images,
  'bench:pull': [...containerd, 'docker-registry'],
  'bench:settings': [...go, ...containerd],
  'bench:cluster': [...cluster, ...images],
  'bench:api': apiServer,
} as const satisfies Record<string, readonly Need[]>;

export type Purpose = keyof typeof NEEDS;

/** Installs whatever the purposes need and the machine lacks; builds nothing. */
export async function need(purposes: Purpose | readonly Purpose[], options: { say?: Say } = {}): Promise<void> {
  const needs: readonly Need[] = [purposes].flat().flatMap(purpose => [...NEEDS[purpose as Purpose]]);
  if (needs.includes('go')) await findGo();
  await needDebianPackages(packagesOf(needs), options);
  if (needs.includes('helm')) await helmPrograms(options);
}

/** For the start of a command: from then on nothing else may be needed. */
export async function needUpFront(purposes: Purpose | readonly Purpose[], options: { say?: Say } = {}): Promise<void> {
  declarePackages([purposes].flat().flatMap(purpose => packagesOf(NEEDS[purpose as Purpose])));
  await need(purposes, options);
}

function packagesOf(needs: readonly Need[]): readonly DebianPackage[] {
  return [...new Set(needs)].filter(name => name !== 'go' && name !== 'helm');
}
