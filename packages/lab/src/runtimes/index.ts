export type { ContainerdVersion } from './containerd-programs.ts';
export { type Containerd, type ContainerdOptions, startContainerd } from './start-containerd.ts';
