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
