export { createManifestsSource, type ManifestsSourceOptions } from './manifests/manifests-source.ts';
export { createManifestsStatusSink, type ManifestsStatusSinkOptions } from './manifests/status-sink.ts';
export { alwaysLeader } from './memory/always-leader.ts';
export { createMemorySource, type MemorySource } from './memory/memory-source.ts';
export {
  createMemoryStatusSink,
  type MemoryStatusSink,
  type MemoryStatusSinkOptions,
} from './memory/memory-status-sink.ts';
export type { ClusterSource } from './ports/cluster-source.ts';
export type { Leadership, Term } from './ports/leadership.ts';
export type { StatusEvent, StatusSink } from './ports/status-sink.ts';
