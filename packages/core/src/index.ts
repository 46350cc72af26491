export type { Ask, Placement, Verdict } from './ask.ts';
export { collectAsks } from './asks/collect-asks.ts';
export type {
  Amounts,
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
  ServiceAccount,
  Taint,
  Workload,
} from './cluster-state.ts';
export type { Cohort, CohortPlans } from './cohort.ts';
export { explainImage } from './explain/explain-image.ts';
export { explainNode } from './explain/explain-node.ts';
export type { CellTally, FailureTally, FleetView } from './fleet-view.ts';
export { matchNode } from './placement/match-node.ts';
export { tolerates } from './placement/toleration.ts';
export { groupNodes } from './plans/group-nodes.ts';
export { planBytes, planCohorts } from './plans/plan-cohorts.ts';
export { matchesSelector, selectorProblems } from './selectors/label-selector.ts';
export { matchesNodeSelector } from './selectors/node-selector.ts';
export { CONDITION_REASONS } from './status/reasons.ts';
export { summarise } from './status/summarise.ts';
