import type {
  DeviceClass,
  Namespace,
  Node,
  Resource,
  ResourceSlice,
  ServiceAccount,
  Workload,
} from '@kube-prefetch/core';
import { parseResource, parseTechsquadPrefetch } from '@kube-prefetch/protocol';
import {
  type Field,
  fields,
  toDeviceClass,
  toNamespace,
  toNode,
  toResourceSlice,
  toServiceAccount,
} from '../to-state/index.ts';
import type { KubeKind } from '../api/kube-api.ts';
import {
  CLUSTER_PREFETCHES,
  DEVICE_CLASSES,
  NAMESPACES,
  NODES,
  PREFETCHES,
  RESOURCE_SLICES,
  SERVICE_ACCOUNTS,
  TECHSQUAD_PREFETCHES,
} from '../api/kinds.ts';
import { BUILT_IN_KINDS } from '../workload-kinds/built-in-kinds.ts';
import { apiVersionOf, type KindRow } from '../workload-kinds/kind-row.ts';
import { toWorkloads } from '../workload-kinds/to-workloads.ts';
import { toRecentPods } from '../pods/to-recent-pods.ts';
import type { Projection } from './object-store.ts';

/** For each part of the cluster's state: the kinds that are read, and the projection that says what is kept of an object. */
export const PROJECTIONS = {
  resources: [resources(PREFETCHES), resources(CLUSTER_PREFETCHES)],
  workloads: BUILT_IN_KINDS.map(workloads),
  namespaces: [kept<Namespace>(NAMESPACES, toNamespace)],
  nodes: [kept<Node>(NODES, object => toNode(object, { readyUnlessSaid: false }))],
  deviceClasses: [optional(kept<DeviceClass>(DEVICE_CLASSES, toDeviceClass))],
  resourceSlices: [optional(kept<ResourceSlice>(RESOURCE_SLICES, toResourceSlice))],
  /** Read only where pull secrets may be. */
  serviceAccounts: [kept<ServiceAccount>(SERVICE_ACCOUNTS, toServiceAccount)],
};

/** Another operator's Prefetches. */
export const TECHSQUAD_PROJECTION: Projection<Resource> = optional(
  resources(TECHSQUAD_PREFETCHES, parseTechsquadPrefetch),
);

function resources(kind: KubeKind, parse: (object: unknown) => Resource = parseResource): Projection<Resource> {
  return {
    kind,
    project(object) {
      const { uid } = object.metadata;
      const parsed = parse(object);
      return { ...parsed, ...(uid === undefined ? {} : { uid }), ...toRecentPods(parsed.ref, fields.root(object)) };
    },
  };
}

function workloads(row: KindRow): Projection<readonly Workload[]> {
  const { kind, plural } = row;
  return kept({ apiVersion: apiVersionOf(row), kind, plural, namespaced: true }, object => toWorkloads(row, object));
}

function kept<T>(kind: KubeKind, project: (object: Field) => T): Projection<T> {
  return { kind, project: object => project(fields.root(object)) };
}

function optional<T>(projection: Projection<T>): Projection<T> {
  return { ...projection, mayBeAbsent: true };
}
