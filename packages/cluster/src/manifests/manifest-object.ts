import type { Namespace, Node, Resource, ServiceAccount, Workload } from '@kube-prefetch/core';

/** One object that a file declares, projected. */
export type ManifestObject = {
  /** `Deployment shop/web`. */
  readonly name: string;
  readonly line: number;
} & (
  | { readonly part: 'resources'; readonly value: Resource }
  | { readonly part: 'workloads'; readonly value: Workload }
  | { readonly part: 'namespaces'; readonly value: Namespace }
  | { readonly part: 'nodes'; readonly value: Node }
  | { readonly part: 'serviceAccounts'; readonly value: ServiceAccount }
);

export type ManifestPart = ManifestObject['part'];
