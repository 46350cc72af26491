import { isDeepStrictEqual } from 'node:util';
import type { KubeKind, KubeObject } from '../../src/api/kube-api.ts';
import { mergePatch } from './apply-merge-patch.ts';

/** A DNS subdomain, which the names of all our kinds have to be. */
const NAME = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const WITHOUT_STATUS = ['secrets', 'configmaps', 'leases', 'serviceaccounts', 'events'];

/** What the API server makes of objects, beyond keeping them. */
export function hasStatus({ plural }: KubeKind): boolean {
  return !WITHOUT_STATUS.includes(plural);
}

/** Kinds of the core group are not counted, as a rule. */
function hasGeneration({ apiVersion, plural }: KubeKind): boolean {
  return apiVersion !== 'v1' && plural !== 'leases';
}

export function isGoodName(name: string): boolean {
  return NAME.test(name);
}

/** What comes out at the other end of a connection. */
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
  return { ...object, status: mergePatch(object.status, JSON.parse(JSON.stringify(status))) };
}

/** `object` in the place of `current`: what a client cannot choose stays, the generation counts what it wishes for anew. */
export function inPlaceOf(kind: KubeKind, object: KubeObject, current: KubeObject): KubeObject {
  const { uid, creationTimestamp, resourceVersion, generation = 1 } = current.metadata;
  const wishedAnew = !isDeepStrictEqual(wishOf(object), wishOf(current));
  const counted = hasGeneration(kind) ? { generation: generation + Number(wishedAnew) } : {};
  return { ...object, metadata: { ...object.metadata, uid, creationTimestamp, resourceVersion, ...counted } };
}

function wishOf(object: KubeObject): object {
  return { ...object, metadata: undefined, status: undefined };
}
