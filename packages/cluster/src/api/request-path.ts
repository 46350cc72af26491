import { KubeApiError, type KubeKind, type ObjectMeta, type ObjectName } from './kube-api.ts';

/** Of a kind in all namespaces. */
export function listPath({ apiVersion, plural }: KubeKind): string {
  return `${groupPath(apiVersion)}/${plural}`;
}

/** Where objects of the kind are created: in a namespace, unless the kind has none. */
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

/** Throws where no version is given: of some kinds the server would overwrite whatever is there. */
export function replacePath(kind: KubeKind, metadata: ObjectMeta): string {
  const path = objectPath(kind, metadata);
  if (!metadata.resourceVersion)
    throw new KubeApiError('Invalid', `PUT ${path}: metadata.resourceVersion is not given`);
  return path;
}

export const TOKEN_REVIEW_PATH = '/apis/authentication.k8s.io/v1/tokenreviews';

function groupPath(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}
