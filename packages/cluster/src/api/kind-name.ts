import type { KubeKind } from './kube-api.ts';

/** As `kubectl` and RBAC write it: `deployments.apps`, `nodes`. */
export function kindName({ apiVersion, plural }: KubeKind): string {
  const [group, version] = apiVersion.split('/');
  return version === undefined ? plural : `${plural}.${group}`;
}
