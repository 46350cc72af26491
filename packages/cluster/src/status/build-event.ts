import { type Clock, timestamp } from '@kube-prefetch/time';
import type { StatusEvent } from '../ports/source-and-sink.ts';
import type { KubeKind, KubeObject } from '../api/kube-api.ts';
import { EVENTS } from '../api/kinds.ts';

const COMPONENT = 'kube-prefetch';
/** The longest note that events.k8s.io accepts. */
const LONGEST_MESSAGE = 1_024;
/** Of the 253 characters of a name; the rest is for the suffix. */
const LONGEST_STEM = 220;

export interface EventOrigin {
  readonly clock: Clock;
  /** The pod's name. */
  readonly instance: string;
  /** Counts the events of this process. */
  readonly number: number;
}

/** An Event that `kubectl describe` finds: it has the object's uid and namespace, or `default` for an object without one. */
export function buildEvent(
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
