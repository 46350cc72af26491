import { fields } from '../to-state/index.ts';
import type { KubeObject } from '../api/kube-api.ts';

/** Annotation: where the holder serves agents. */
const ADDRESS = 'kube-prefetch.io/leader-address';
/** When the Lease has no duration. */
const DEFAULT_DURATION_SECONDS = 15;
/** The duration that a holder writes when it releases the Lease. Somebody who empties the Lease by hand leaves the old one. */
const RELEASED_SECONDS = 1;

/** A Lease, parsed. */
export interface Lease {
  /** Undefined while nobody holds it. */
  readonly holder: string | undefined;
  /** It never had a holder, or the last one released it. */
  readonly free: boolean;
  readonly address: string | undefined;
  readonly durationMs: number;
  /** The number of the last term. */
  readonly transitions: number;
  /** Changes with every renewal, and only then. */
  readonly stamp: string;
}

export function readLease(object: KubeObject): Lease {
  const spec = fields.below(fields.root(object), 'spec');
  const seconds = fields.optionalInteger(fields.below(spec, 'leaseDurationSeconds')) ?? DEFAULT_DURATION_SECONDS;
  const holder = fields.optionalText(fields.below(spec, 'holderIdentity'));
  const transitions = fields.optionalInteger(fields.below(spec, 'leaseTransitions')) ?? 0;
  return {
    holder,
    free: holder === undefined && (transitions === 0 || seconds === RELEASED_SECONDS),
    address: fields.optionalText(fields.below(fields.root(object), 'metadata', 'annotations', ADDRESS)),
    durationMs: seconds * 1000,
    transitions,
    stamp: JSON.stringify(spec.value ?? {}),
  };
}

export interface Holder {
  readonly identity: string;
  readonly address: string;
  readonly durationMs: number;
  readonly epoch: number;
}

/** The Lease with a new term in it. */
export function withTerm(object: KubeObject, { identity, address, durationMs, epoch }: Holder, at: string): KubeObject {
  const { annotations } = object.metadata;
  return {
    ...object,
    metadata: { ...object.metadata, annotations: { ...(annotations as object | undefined), [ADDRESS]: address } },
    spec: {
      holderIdentity: identity,
      leaseDurationSeconds: durationMs / 1000,
      leaseTransitions: epoch,
      acquireTime: microTime(at),
      renewTime: microTime(at),
    },
  };
}

export function renewed(object: KubeObject, at: string): KubeObject {
  return { ...object, spec: { ...(object['spec'] as object), renewTime: microTime(at) } };
}

/** Without a holder, and with a short duration for clients that go by the times. */
export function released(object: KubeObject, at: string): KubeObject {
  const letGo = { holderIdentity: '', leaseDurationSeconds: RELEASED_SECONDS, renewTime: microTime(at) };
  return { ...object, spec: { ...(object['spec'] as object), ...letGo } };
}

/** Kubernetes accepts a MicroTime only with six digits after the point. */
function microTime(at: string): string {
  return at.replace(/\.(\d{3})Z$/, '.$1000Z');
}
