export { type AgentApi, EPOCH_HEADER } from './messages/agent-api.ts';
export {
  CELL_STATES,
  type CellState,
  CREDENTIAL_REASONS,
  type CredentialReason,
  FAILURE_KINDS,
  type FailureKind,
  isPermanent,
  LOOK_FAILURES,
  type LookFailureKind,
  SLOWING_FAILURES,
  type SlowingFailure,
  slowsRegistry,
  type PermanentFailure,
  PULL_PHASES,
  type PullPhase,
  WAIT_REASONS,
  type WaitReason,
} from './cell.ts';
export { ApiError, ERROR_STATUS, type ErrorCode, errorText, Problem } from './errors.ts';
export { compilePattern } from './match-pattern.ts';
export {
  Credential,
  CredentialsAnswer,
  CredentialsRequest,
  ImageCredentials,
  MAX_CREDENTIAL_LENGTH,
  MAX_CREDENTIALS_EACH,
  MAX_CREDENTIALS_IMAGES,
  MAX_CREDENTIALS_PROBLEMS,
} from './messages/credentials.ts';
export { PermitAnswer, PermitRequest } from './messages/permit.ts';
export {
  DigestSchema,
  type ImageRef,
  MAX_BODY_BYTES,
  MAX_IMAGE_REF_LENGTH,
  MAX_IMAGES_PER_NODE,
  MAX_LOOKS_PER_NODE,
  MAX_MESSAGE_LENGTH,
  MAX_WAIT_SECONDS,
} from './shared-fields.ts';
export {
  AGENT_STATES,
  ImageView,
  LIMIT_KINDS,
  LimitOverview,
  LookOverview,
  MAX_OVERVIEW_LIMITS,
  MAX_OVERVIEW_LOOKS,
  MAX_OVERVIEW_REGISTRIES,
  MAX_OVERVIEW_WAVES,
  MAX_RESOURCE_NAMES,
  NodeOverview,
  NodeView,
  Overview,
  ResourceProgress,
  ResourcesQuery,
  ResourcesView,
  RegistryOverview,
  WaveOverview,
} from './messages/overview.ts';
export {
  MAX_PREVIEW_BYTES,
  NodeGroup,
  Preview,
  PreviewImage,
  PreviewPlacement,
  PreviewRequest,
} from './messages/preview.ts';
export { messageParser } from './messages/parse-message.ts';
export { adoptPlan, Plan, PlanBody, PlanItem } from './messages/plan.ts';
export { CellReport, Failure, NodeReport, ReportAnswer, RuntimeReport } from './messages/report.ts';
export {
  InvalidReference,
  isMovingTag,
  namesDigest,
  normaliseReference,
  parseReference,
  type Reference,
  registryOf,
  repositoryOf,
  tryParseReference,
} from './reference.ts';
export { isDnsLabel, isSubdomain } from './resources/object-name.ts';
export { type ParsedResource, parseResource } from './resources/parse-resource.ts';
export {
  API_VERSION,
  durationMs,
  keepForMs,
  LabelSelector,
  NamespaceChoice,
  NodeChoice,
  PrefetchSpec,
  REFRESH_POLICIES,
  RewriteRule,
  Spread,
  Toleration,
  WorkloadChoice,
} from './resources/prefetch.ts';
export { renderCrd, renderTechsquadCrd } from './resources/render-crd.ts';
export { renderResourceReference } from './resources/render-reference.ts';
export { parseTechsquadPrefetch, TECHSQUAD_API_VERSION } from './resources/techsquad-prefetch.ts';
export { describeValue } from './schema-problems.ts';
export {
  Condition,
  MAX_RECENT_POD_LENGTH,
  MAX_RECENT_PODS,
  PrefetchStatus,
  RecentPod,
  RESOURCE_KINDS,
  type ResourceKind,
  ResourceRef,
  resourceName,
  StatusFailure,
  Summary,
  TECHSQUAD_KIND,
} from './resources/status.ts';
