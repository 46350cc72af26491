import type { KubeApiError, KubeFailure } from '../api/kube-api.ts';

/** A kind that cannot be read: what went wrong since reading last worked. */
export interface Outage {
  /** The first failure. */
  readonly first: KindFailure;
  /** The first failure that was a refusal. */
  readonly refused: KindFailure | undefined;
  /** Monotonic, of the last failure. */
  readonly lastMs: number;
}

interface KindFailure {
  /** Monotonic. */
  readonly sinceMs: number;
  readonly failure: KubeFailure;
  readonly message: string;
}

/**
 * An API server that restarts or moves is not a gap: the state of a minute ago will do. For some time after its start it also
 * refuses requests, because it has not read the RBAC rules yet.
 */
const GAP_AFTER_MS = 60_000;
/** When the first failure is a refusal, the server did not just restart: the refusal stays until somebody acts. */
const GAP_AFTER_REFUSAL_MS = 10_000;

const REFUSALS: readonly KubeFailure[] = ['Forbidden', 'NotFound', 'Unauthorized', 'Invalid'];

export function noteFailure(outage: Outage | undefined, { failure, message }: KubeApiError, now: number): Outage {
  const failing: KindFailure = { sinceMs: now, failure, message };
  const refused = REFUSALS.includes(failure) ? failing : undefined;
  return { first: outage?.first ?? failing, refused: outage?.refused ?? refused, lastMs: now };
}

/** Counts from the first to the last failure, not to now: the time since the last try says nothing about the server. */
export function isGap({ first, refused, lastMs }: Outage): boolean {
  return lastMs - first.sinceMs >= (first === refused ? GAP_AFTER_REFUSAL_MS : GAP_AFTER_MS);
}

const LONGEST_MESSAGE = 300;
/** Of the kinds that must be there, an API server can lack only ours. */
const UNKNOWN_KIND =
  'NotFound: the API server does not serve this kind; install the CustomResourceDefinitions of kube-prefetch';

/** Keeps its words for as long as the outage lasts: a new text would cause a status write with every try. */
export function describeOutage({ first, refused }: Outage): string {
  const { failure, message } = refused ?? first;
  if (failure === 'NotFound') return UNKNOWN_KIND;
  return `${failure}: ${message.slice(0, LONGEST_MESSAGE)}`;
}
