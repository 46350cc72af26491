import type { PrefetchStatus, ResourceRef } from '@kube-prefetch/protocol';

/** Something that happened to a resource, for people who read events. */
export interface StatusEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** Where status goes. Throws when it could not be written; the writer tries again. */
export interface StatusSink {
  /** What the sink holds, for whoever writes next: a restart goes on from it. Undefined where there is none, or none that can be read. */
  read(resource: ResourceRef, signal: AbortSignal): Promise<PrefetchStatus | undefined>;
  /** 'unchanged' when the sink already holds these very contents; 'gone' when the resource no longer exists. */
  write(resource: ResourceRef, status: PrefetchStatus, signal: AbortSignal): Promise<'written' | 'unchanged' | 'gone'>;
  event(resource: ResourceRef, event: StatusEvent, signal: AbortSignal): Promise<void>;
  /** Whether somebody else is seen to have changed what was read or written last, without asking. Absent where nobody looks. */
  isOverwritten?(resource: ResourceRef): boolean;
}
