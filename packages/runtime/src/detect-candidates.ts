import { type CriRuntimeOptions, createCriRuntime } from './cri/cri-runtime.ts';
import { createDockerRuntime } from './docker/docker-runtime.ts';
import type { ImageRuntime } from './image-runtime.ts';

/** A socket and what to speak on it. */
export interface Candidate {
  readonly socket: string;
  readonly speaks: string;
  connect(options: CriRuntimeOptions): ImageRuntime;
}

const CRI = { speaks: 'CRI', connect: createCriRuntime };
const DOCKER = { speaks: 'Docker Engine API', connect: createDockerRuntime };

/**
 * In the order of asking: where a kubelet is, what it talks to. Below /run and never /var/run, which is a link that leads out
 * of a mounted host.
 */
export const WELL_KNOWN: readonly Candidate[] = [
  { ...CRI, socket: '/run/containerd/containerd.sock' },
  { ...CRI, socket: '/run/k3s/containerd/containerd.sock' },
  { ...CRI, socket: '/run/k0s/containerd.sock' },
  { ...CRI, socket: '/run/crio/crio.sock' },
  { ...CRI, socket: '/run/cri-dockerd.sock' },
  { ...DOCKER, socket: '/run/docker.sock' },
  { ...DOCKER, socket: '/run/podman/podman.sock' },
];

/** A socket that somebody named may speak either. */
export function candidatesAt(socket: string): readonly Candidate[] {
  return [CRI, DOCKER].map(adapter => ({ ...adapter, socket }));
}
