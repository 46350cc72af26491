import type { PrefetchSpec } from './prefetch.ts';
import type { ResourceKind } from './status.ts';

/** What one field alone cannot say. The CRD carries `cel`, our validator runs `check`; both see the spec with its defaults. */
export interface Rule {
  readonly kinds: readonly ResourceKind[];
  readonly cel: string;
  /** Says what was expected and what to do. */
  readonly message: string;
  check(spec: PrefetchSpec): boolean;
}

export const RULES: readonly Rule[] = [
  {
    kinds: ['Prefetch', 'ClusterPrefetch'],
    cel: 'size(self.images) > 0 || size(self.workloads) > 0',
    message: 'expected at least one entry in images or workloads',
    check: spec => spec.images.length > 0 || spec.workloads.length > 0,
  },
  {
    kinds: ['Prefetch'],
    cel: 'self.workloads.all(w, !has(w.namespaces))',
    message:
      'a Prefetch finds workloads of its own namespace: leave workloads[].namespaces out or use a ClusterPrefetch',
    check: spec => spec.workloads.every(choice => choice.namespaces === undefined),
  },
  {
    kinds: ['Prefetch'],
    cel: "!has(self.nodes) || self.nodes.placement != 'All'",
    message: 'a Prefetch cannot have nodes.placement All: use Eligible or a ClusterPrefetch',
    check: spec => spec.nodes?.placement !== 'All',
  },
  {
    kinds: ['Prefetch'],
    cel: 'self.priority <= 0',
    message: 'a Prefetch cannot have a priority above 0: lower it or use a ClusterPrefetch',
    check: spec => spec.priority <= 0,
  },
];
