export { createTwinRegistry, type PublishedImage, type ScriptedFailure, type TwinRegistry } from './registry.ts';
export { createTwinRuntime, type TwinRuntime, type TwinRuntimeOptions } from './runtime.ts';
