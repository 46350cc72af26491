export { createEngine, type Engine } from './ask-docker-engine.ts';
export type { PullSettings } from './containerd-config.ts';
export type { ContainerdVersion } from './containerd-programs.ts';
export { type Containerd, type ContainerdOptions, startContainerd } from './start-containerd.ts';
export { type Podman, startPodman } from './start-podman.ts';
export { type PeerMirror, startPeerMirror } from './start-peer-mirror.ts';
export { startStrictCri, type StrictCri } from './start-strict-cri.ts';
export { type Dockerd, type DockerdOptions, startDockerd } from './start-dockerd.ts';
