/**
 * The state of one (node, image) pair. `Unknown` until the runtime has answered: nothing is called present from memory. `Stale`: the
 * runtime has the image, but not the contents that its tag stands for now.
 */
export const CELL_STATES = ['Unknown', 'Missing', 'Waiting', 'Pulling', 'Present', 'Stale', 'Failed'] as const;
export type CellState = (typeof CELL_STATES)[number];

/** What a pull does, as far as the runtime shows it. */
export const PULL_PHASES = ['Downloading', 'Unpacking'] as const;
export type PullPhase = (typeof PULL_PHASES)[number];

/**
 * Why a pull, or the whole runtime, failed. Adapters turn foreign errors into these; docs/failures.md says for each what it
 * means and when it is tried again.
 */
export const FAILURE_KINDS = [
  'NotFound',
  'NoPlatform',
  'InvalidReference',
  'Unauthorized',
  'RateLimited',
  'RegistryUnavailable',
  'DiskFull',
  'Corrupt',
  'NotAnImage',
  'RuntimeUnavailable',
  'RuntimeMismatch',
  'Stalled',
  'Evicted',
  'Outdated',
  'Cancelled',
  'Unknown',
] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];

/** Why a tag could not be looked up: as a pull fails, or no node answered in time, or none could be asked. */
export const LOOK_FAILURES = [...FAILURE_KINDS, 'NoAnswer', 'NoScout'] as const;
export type LookFailureKind = (typeof LOOK_FAILURES)[number];

/** Somebody has to change something first: the image, its registry, its name. */
const PERMANENT_FAILURES = ['NotFound', 'NoPlatform', 'InvalidReference', 'Unauthorized', 'NotAnImage'] as const;
export type PermanentFailure = (typeof PERMANENT_FAILURES)[number];

export function isPermanent(kind: FailureKind): kind is PermanentFailure {
  return (PERMANENT_FAILURES as readonly FailureKind[]).includes(kind);
}

/** The registry refused the pull as too fast, or failed: fewer pulls from it run at once for a while. */
export const SLOWING_FAILURES = ['RateLimited', 'RegistryUnavailable'] as const;
export type SlowingFailure = (typeof SLOWING_FAILURES)[number];

export function slowsRegistry(kind: FailureKind): kind is SlowingFailure {
  return (SLOWING_FAILURES as readonly FailureKind[]).includes(kind);
}

/**
 * Why credentials that a pull may need cannot be used, as the coordinator finds it before any pull. docs/status.md says for each
 * what it means.
 */
export const CREDENTIAL_REASONS = [
  'PullSecretMissing',
  'PullSecretInvalid',
  'PullSecretForbidden',
  'PullSecretUnread',
  'ServiceAccountMissing',
  'ServiceAccountUnread',
] as const;
export type CredentialReason = (typeof CREDENTIAL_REASONS)[number];

/** What an absent or stale image that is not being pulled waits for. */
export const WAIT_REASONS = [
  'Slot',
  'Permit',
  'Registry',
  'Disk',
  'Held',
  'Suspended',
  'Retry',
  'Credentials',
] as const;
export type WaitReason = (typeof WAIT_REASONS)[number];
