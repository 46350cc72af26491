export type { ClusterSource } from './ports/cluster-source.ts';
export type { Leadership, Term } from './ports/leadership.ts';
export type { StatusEvent, StatusSink } from './ports/status-sink.ts';
