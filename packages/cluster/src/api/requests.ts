import { kindName } from './kinds.ts';
import { KubeApiError, type KubeKind, type KubeWrite, type ObjectMeta, type ObjectName } from './kube-api.ts';
import type { KubeRequest } from './transport.ts';

/** The fields that all requests to read a kind share. */
export function reading<V extends 'list' | 'watch' | 'get'>(verb: V, kind: KubeKind) {
  return { verb, resource: kindName(kind), method: 'GET' } as const;
}

export function writing(write: KubeWrite): KubeRequest {
  const { kind } = write;
  const resource = kindName(kind);
  if (write.verb === 'patchStatus') {
    const { resourceVersion, status } = write;
    return {
      verb: 'patch',
      resource: `${resource}/status`,
      method: 'PATCH',
      path: `${objectPath(kind, write.name)}/status`,
      body: { ...(resourceVersion !== undefined && { metadata: { resourceVersion } }), status },
      contentType: 'application/merge-patch+json',
    };
  }
  const { metadata } = write.object;
  const body = { ...write.object, apiVersion: kind.apiVersion, kind: kind.kind };
  return write.verb === 'create'
    ? { verb: 'create', resource, method: 'POST', path: collectionPath(kind, metadata.namespace), body }
    : { verb: 'update', resource, method: 'PUT', path: replacePath(kind, metadata), body };
}

/** Asks for the metadata of the objects only. */
export const NAMES_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/** The same of a watch. */
export const NAMES_OF_EVENTS = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

export const TOKEN_REVIEW = {
  verb: 'create',
  resource: 'tokenreviews.authentication.k8s.io',
  method: 'POST',
  path: '/apis/authentication.k8s.io/v1/tokenreviews',
} as const;

/** RBAC has no resource for it, but a rule for its path: `system:service-account-issuer-discovery`. */
export const SIGNING_KEYS = {
  verb: 'get',
  resource: '/openid/v1/jwks',
  method: 'GET',
  path: '/openid/v1/jwks',
  accept: 'application/jwk-set+json, application/json',
} as const;

/** Every group, version and kind in one answer; GA in Kubernetes 1.30. RBAC: `system:discovery`, which all clients have. */
export const DISCOVERY = {
  verb: 'get',
  resource: '/apis',
  method: 'GET',
  path: '/apis',
  accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
} as const;

/** The path of a kind in all namespaces. */
export function listPath({ apiVersion, plural }: KubeKind): string {
  return `${groupPath(apiVersion)}/${plural}`;
}

/** The path at which objects of the kind are created: in a namespace, unless the kind has none. */
export function collectionPath(kind: KubeKind, namespace: string | undefined): string {
  if (kind.namespaced !== (namespace !== undefined)) {
    throw new KubeApiError('Invalid', `a ${kind.kind} needs ${kind.namespaced ? 'a' : 'no'} namespace`);
  }
  if (namespace === undefined) return listPath(kind);
  return `${groupPath(kind.apiVersion)}/namespaces/${encodeURIComponent(namespace)}/${kind.plural}`;
}

export function objectPath(kind: KubeKind, { namespace, name }: ObjectName): string {
  return `${collectionPath(kind, namespace)}/${encodeURIComponent(name)}`;
}

/** Throws when the object has no resourceVersion: for some kinds the server would then overwrite any version. */
export function replacePath(kind: KubeKind, metadata: ObjectMeta): string {
  const path = objectPath(kind, metadata);
  if (!metadata.resourceVersion)
    throw new KubeApiError('Invalid', `PUT ${path}: metadata.resourceVersion is not given`);
  return path;
}

function groupPath(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}
