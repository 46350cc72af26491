import type { KubeKind, KubeWrite } from './kube-api.ts';
import { kindName } from './kind-name.ts';
import { collectionPath, objectPath, replacePath, TOKEN_REVIEW_PATH } from './request-path.ts';
import type { KubeRequest } from './transport.ts';

/** What requests that read a kind have in common. */
export function reading<V extends 'list' | 'watch' | 'get'>(verb: V, kind: KubeKind) {
  return { verb, resource: kindName(kind), method: 'GET' } as const;
}

export function writing(write: KubeWrite): KubeRequest {
  const { kind } = write;
  const resource = kindName(kind);
  if (write.verb === 'patchStatus') {
    return {
      verb: 'patch',
      resource: `${resource}/status`,
      method: 'PATCH',
      path: `${objectPath(kind, write.name)}/status`,
      body: { status: write.status },
      contentType: 'application/merge-patch+json',
    };
  }
  const { metadata } = write.object;
  const body = { ...write.object, apiVersion: kind.apiVersion, kind: kind.kind };
  return write.verb === 'create'
    ? { verb: 'create', resource, method: 'POST', path: collectionPath(kind, metadata.namespace), body }
    : { verb: 'update', resource, method: 'PUT', path: replacePath(kind, metadata), body };
}

export const TOKEN_REVIEW = {
  verb: 'create',
  resource: 'tokenreviews.authentication.k8s.io',
  method: 'POST',
  path: TOKEN_REVIEW_PATH,
} as const;
