import type { KubeKind } from '../src/api/kube-api.ts';
import { PROJECTIONS } from '../src/source/projections.ts';

/** An object as somebody writes it, unchecked. */
export type PlainObject = Readonly<Record<string, unknown>>;

/** A Deployment in JSON, with one container per image. */
export function aDeployment(name: string, images: readonly string[] = ['nginx:1.27'], namespace = 'shop'): PlainObject {
  const containers = images.map((image, index) => ({ name: `c${index}`, image }));
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels: { app: name } },
    spec: { template: { spec: { containers } } },
  };
}

export function aPrefetch(
  name: string,
  spec: PlainObject = { images: ['nginx:1.27'] },
  namespace = 'shop',
): PlainObject {
  return { apiVersion: 'kube-prefetch.io/v1alpha1', kind: 'Prefetch', metadata: { name, namespace }, spec };
}

export function aNode(name: string): PlainObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name } },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

export function aNamespace(name: string, labels: Readonly<Record<string, string>> = {}): PlainObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

export function aServiceAccount(
  name: string,
  imagePullSecrets: readonly string[] = [],
  namespace = 'shop',
): PlainObject {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace },
    imagePullSecrets: imagePullSecrets.map(secret => ({ name: secret })),
  };
}

/** The kinds that a coordinator lists and watches. */
export const READ_KINDS: readonly KubeKind[] = Object.values(PROJECTIONS)
  .flat()
  .map(({ kind }) => kind);
export const KINDS_READ = READ_KINDS.length;
