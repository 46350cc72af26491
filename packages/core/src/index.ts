export type { Ask, Placement, Verdict } from './ask.ts';
export type {
  ClusterState,
  Labels,
  Namespace,
  Node,
  NodeRequirement,
  NodeSelector,
  NodeSelectorTerm,
  PodImage,
  PodSpec,
  PullPolicy,
  Resource,
  Taint,
  Workload,
} from './cluster-state.ts';
export type { Cohort, CohortPlans } from './cohort.ts';
export type { CellTally, FailureTally, FleetView } from './fleet-view.ts';
