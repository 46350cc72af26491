import { isDeepStrictEqual } from 'node:util';
import type { KubeKind, KubeObject } from '../../src/api/kube-api.ts';
import { applyMergePatch } from './apply-merge-patch.ts';

/** A DNS subdomain: the names of all our kinds must be one. */
const NAME = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const WITHOUT_STATUS = ['secrets', 'configmaps', 'leases', 'serviceaccounts', 'events'];

export function hasStatus({ plural }: KubeKind): boolean {
  return !WITHOUT_STATUS.includes(plural);
}

/** Most kinds of the core group have no generation. */
function hasGeneration({ apiVersion, plural }: KubeKind): boolean {
  return apiVersion !== 'v1' && plural !== 'leases';
}

export function isGoodName(name: string): boolean {
  return NAME.test(name);
}

/** The object as it arrives at the other end of a connection. */
export function overTheWire(kind: KubeKind, object: object): KubeObject {
  return { ...(JSON.parse(JSON.stringify(object)) as KubeObject), apiVersion: kind.apiVersion, kind: kind.kind };
}

export function withIdentity(kind: KubeKind, object: KubeObject, uid: string, creationTimestamp: string): KubeObject {
  const generation = hasGeneration(kind) ? { generation: 1 } : {};
  return { ...object, metadata: { ...object.metadata, uid, creationTimestamp, ...generation } };
}

export function withoutStatus(kind: KubeKind, object: KubeObject): KubeObject {
  if (!hasStatus(kind)) return object;
  const { status: _, ...rest } = object;
  return rest as KubeObject;
}

export function withStatusOf(kind: KubeKind, object: KubeObject, current: KubeObject): KubeObject {
  const rest = withoutStatus(kind, object);
  return hasStatus(kind) && current.status !== undefined ? { ...rest, status: current.status } : rest;
}

export function withStatusPatch(object: KubeObject, status: object): KubeObject {
  return { ...object, status: applyMergePatch(object.status, JSON.parse(JSON.stringify(status))) };
}

/** Keeps the fields of `current` that no client can choose. The generation counts changes outside of metadata and status. */
export function inPlaceOf(kind: KubeKind, object: KubeObject, current: KubeObject): KubeObject {
  const { uid, creationTimestamp, resourceVersion, generation = 1 } = current.metadata;
  const changed = !isDeepStrictEqual(desired(object), desired(current));
  const counted = hasGeneration(kind) ? { generation: generation + Number(changed) } : {};
  return { ...object, metadata: { ...object.metadata, uid, creationTimestamp, resourceVersion, ...counted } };
}

function desired(object: KubeObject): object {
  return { ...object, metadata: undefined, status: undefined };
}
