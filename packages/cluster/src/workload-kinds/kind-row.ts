import type { KindRef, MadeWorkloads } from '@kube-prefetch/core';
import type { TemplatePath } from './template-path.ts';

/** A kind of workload, and what in its objects says which pods it makes. */
export interface KindRow extends KindRef {
  /** The one that is read; another one where the API server does not serve it. */
  readonly version: string;
  /** As in the API's paths and in RBAC: `deployments`. */
  readonly plural: string;
  /** Each leads to a PodTemplateSpec or a PodSpec; one that leads nowhere in an object adds nothing. */
  readonly templates: readonly TemplatePath[];
  /** Numbers of pods: where all are 0 it is scaled to zero. */
  readonly replicas?: TemplatePath;
  /** True while it is suspended. */
  readonly suspend?: TemplatePath;
  /** Where an object may refer to a workload of its namespace whose template it takes: `{apiVersion, kind, name}`. */
  readonly reference?: TemplatePath;
  readonly finished?: Finished;
}

/** What says that it starts no more pods. */
export interface Finished {
  /** Types of `status.conditions`, of which one is True. */
  readonly conditions?: readonly string[];
  /** A field that has one of these values. */
  readonly field?: { readonly path: TemplatePath; readonly values: readonly string[] };
}

/** A kind whose controller makes the templates of its pods itself. It is not read, but what it makes is. */
export interface MakerRow extends KindRef {
  readonly makes: MadeWorkloads;
}

/** The kinds that are read besides Kubernetes' own. */
export interface WorkloadKinds {
  readonly rows: readonly KindRow[];
  readonly makers: readonly MakerRow[];
}

/** How its manifests name it: `apps/v1`. */
export function apiVersionOf({ group, version }: Pick<KindRow, 'group' | 'version'>): string {
  return `${group}/${version}`;
}
