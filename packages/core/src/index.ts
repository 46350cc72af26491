export type { Ask } from './asks/ask.ts';
export { type CollectedAsks, collectAsks, gapsOf } from './asks/collect-asks.ts';
export { describeKind, kindKey } from './workloads/kind-names.ts';
export { accountOf, type PullSecrets, type SecretRef, secretName } from './asks/pull-secrets.ts';
export {
  askersOf,
  describeAccount,
  offerCredentials,
  type SecretState,
  secretsOf,
} from './credentials/offer-credentials.ts';
export { excludedByAnnotation, EXCLUDE_ANNOTATION, PREFETCH_ANNOTATION } from './workloads/workload-annotations.ts';
export { podImages, whyUnplanned } from './workloads/pod-images.ts';
export { describeWorkload } from './workloads/find-workloads.ts';
export { rewriteProblem } from './asks/rewrite-images.ts';
export { isTenantGlob, type TenantLimits } from './asks/tenant-limits.ts';
export { expectResources, NOTHING_SEEN, type SeenResources } from './placement/expected-resources.ts';
export { memoise, memoiseList } from './memoise.ts';
export { matchNode } from './placement/match-node.ts';
export { PASSING_TAINTS } from './placement/passing-taints.ts';
export type { Placement, Verdict } from './placement/placement.ts';
export { tolerates } from './placement/toleration.ts';
export { explainImage, explainNode } from './plans/explain-verdicts.ts';
export { previewResource } from './plans/preview-resource.ts';
export { type Cohort, groupNodes } from './plans/group-nodes.ts';
export type { WantedDigests } from './plans/merge-asks.ts';
export { limitBytes } from './plans/limit-bytes.ts';
export { type CohortPlans, planBytes, planCohorts } from './plans/plan-cohorts.ts';
export type { WaveNews } from './pace/waves.ts';
export { decideLimits, type LimitsOf, type PaceSettings, type PullLimit } from './pace/pull-limits.ts';
export { countsFromMs, endsAtMs, judgeRegistry, raisedAtMs, type RegistrySpeed } from './pace/registry-speed.ts';
export { chooseScout, type ScoutCandidate } from './refresh/choose-scout.ts';
export { mayAnotherAnswer } from './refresh/judge-look.ts';
export { type MovingTags, movingTags, type RefreshSettings } from './refresh/moving-tags.ts';
export { nextLookMs, paceLooks } from './refresh/when-to-look.ts';
export { ownerKey } from './pods/owners.ts';
export { matchesSelector, selectorProblems } from './selectors/label-selector.ts';
export { matchesNodeSelector } from './selectors/node-selector.ts';
export { PRESSURES } from './state/cluster-state.ts';
export { type PodsWanted, podsWanted } from './pods/pods-wanted.ts';
export { describeRecentPods, noteRecentPods, type RecentPods } from './pods/recent-pods.ts';
export type {
  AdmittedPods,
  Amounts,
  ExpectedResource,
  ClusterState,
  DeviceClass,
  Devices,
  KeptPod,
  KindRef,
  KnownKind,
  Labels,
  MadeWorkloads,
  Namespace,
  Node,
  NodeRequirement,
  NodeSelector,
  NodeSelectorTerm,
  WorkloadAnnotations,
  PodImage,
  PodSpec,
  Pressure,
  PullPolicy,
  Resource,
  ResourceSlice,
  SeenPods,
  ServiceAccount,
  Taint,
  Workload,
  WorkloadOwner,
} from './state/cluster-state.ts';
export type { CellTally, DigestSet, FailureTally, FleetView } from './status/fleet-view.ts';
export { describeFailure } from './status/messages.ts';
export { CONDITION_REASONS } from './status/reasons.ts';
export { accountKey, secretKey, type SecretTrouble, type SecretTroubles } from './status/secret-failures.ts';
export { summarise } from './status/summarise.ts';
export { techsquadPhase } from './status/techsquad-phase.ts';
