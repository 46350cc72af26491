export { createCriRuntime, type CriRuntimeOptions } from './cri/cri-runtime.ts';
export { type Detected, type DetectOptions, detectRuntime, type PassedOverSocket } from './detection/detect-runtime.ts';
export { createDockerRuntime, type DockerRuntimeOptions } from './docker/docker-runtime.ts';
export { ownRootSpace } from './file-system-space.ts';
export {
  type ImageRuntime,
  type Presence,
  type PresentImage,
  type Progress,
  type Pulled,
  PullFailure,
  type RegistryAuth,
  RuntimeUnavailable,
  type RuntimeVersion,
  type Space,
} from './image-runtime.ts';
