import type { ClusterState } from '@kube-prefetch/core';
import type { PrefetchStatus, ResourceRef } from '@kube-prefetch/protocol';

/** Where the cluster's state comes from: a folder of manifests, or the API server. */
export interface ClusterSource {
  /**
   * Reads until the signal aborts, then resolves. Calls `changed` whenever `read` may return something new. Only one run at a
   * time; a later run starts from what an earlier one has read.
   */
  run(changed: () => void, signal: AbortSignal): Promise<void>;
  /** The last good state with its gaps; undefined before the first full read. Unchanged parts stay the same objects. */
  read(): ClusterState | undefined;
}

/** The part of a log that a source uses: fields first, then a fixed message. */
export interface SourceLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** Something that happened to a resource, for people. */
export interface StatusEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** Where statuses and events go. Its methods throw when something cannot be read or written; the caller tries again. */
export interface StatusSink {
  /** The status that the sink holds: a restarted coordinator continues from it. Undefined when none can be read. */
  read(resource: ResourceRef, signal: AbortSignal): Promise<PrefetchStatus | undefined>;
  /** 'unchanged' when the sink already holds this status; 'gone' when the resource no longer exists. */
  write(resource: ResourceRef, status: PrefetchStatus, signal: AbortSignal): Promise<'written' | 'unchanged' | 'gone'>;
  event(resource: ResourceRef, event: StatusEvent, signal: AbortSignal): Promise<void>;
  /** True when somebody else is known to have changed the status since it was last read or written. Makes no request. */
  isOverwritten?(resource: ResourceRef): boolean;
}
