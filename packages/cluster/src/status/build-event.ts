import { type Clock, timestamp } from '@kube-prefetch/time';
import type { StatusEvent } from '../ports/status-sink.ts';
import type { KubeKind, KubeObject } from '../api/kube-api.ts';
import { EVENTS } from '../api/kinds.ts';

const COMPONENT = 'kube-prefetch';
/** As long as events.k8s.io takes it. */
const LONGEST_MESSAGE = 1_024;
/** What is left of a name's 253 characters goes to the suffix. */
const LONGEST_STEM = 220;

export interface EventOrigin {
  readonly clock: Clock;
  /** The pod. */
  readonly instance: string;
  /** Of all events of this process. */
  readonly number: number;
}

/** An Event as `kubectl describe` finds it: by the uid of what it is about, in its namespace, or `default` where it has none. */
export function eventObject(
  { apiVersion, kind }: KubeKind,
  { metadata: { namespace, name, uid, resourceVersion } }: KubeObject,
  { type, reason, message }: StatusEvent,
  { clock, instance, number }: EventOrigin,
): KubeObject {
  const at = timestamp(clock);
  const stem = name.slice(0, LONGEST_STEM).replace(/[^a-z0-9]+$/, '');
  return {
    apiVersion: EVENTS.apiVersion,
    kind: EVENTS.kind,
    metadata: { namespace: namespace ?? 'default', name: `${stem}.${clock.wallMs().toString(16)}-${number}` },
    involvedObject: { apiVersion, kind, namespace, name, uid, resourceVersion },
    type,
    reason,
    message: message.slice(0, LONGEST_MESSAGE),
    firstTimestamp: at,
    lastTimestamp: at,
    count: 1,
    source: { component: COMPONENT },
    reportingComponent: COMPONENT,
    reportingInstance: instance,
  };
}
