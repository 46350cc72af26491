import type { KubeApiError, KubeFailure } from '../api/kube-api.ts';

/** What a kind's reading suffers from since it last worked. */
export interface Outage {
  /** The first failure. */
  readonly first: Failing;
  /** The first failure that is a plain no. */
  readonly refused: Failing | undefined;
  /** Monotonic, of the last failure. */
  readonly lastMs: number;
}

interface Failing {
  /** Monotonic. */
  readonly sinceMs: number;
  readonly failure: KubeFailure;
  readonly message: string;
}

/**
 * An API server that restarts or changes places is no gap: what was read a minute ago will do. It counts as such also while it
 * says no, which it does for a while after its start: it has not read yet who may do what.
 */
const GAP_AFTER_MS = 60_000;
/** A no out of the blue will not go away by itself. */
const GAP_AFTER_REFUSAL_MS = 10_000;

const REFUSALS: readonly KubeFailure[] = ['Forbidden', 'NotFound', 'Unauthorized', 'Invalid'];

export function noteFailure(outage: Outage | undefined, { failure, message }: KubeApiError, now: number): Outage {
  const failing: Failing = { sinceMs: now, failure, message };
  const refused = REFUSALS.includes(failure) ? failing : undefined;
  return { first: outage?.first ?? failing, refused: outage?.refused ?? refused, lastMs: now };
}

/** Whether tries have failed for long enough: how long ago the last was says nothing about the server. */
export function isGap({ first, refused, lastMs }: Outage): boolean {
  return lastMs - first.sinceMs >= (first === refused ? GAP_AFTER_REFUSAL_MS : GAP_AFTER_MS);
}

const LONGEST_MESSAGE = 300;
/** Of the kinds that are read only ours can be missing. */
const UNKNOWN_KIND =
  'NotFound: the API server does not serve this kind; install the CustomResourceDefinitions of kube-prefetch';

/** Why nothing can be read. The same words for as long as the outage lasts, or a status would be written with every try. */
export function describeOutage({ first, refused }: Outage): string {
  const { failure, message } = refused ?? first;
  if (failure === 'NotFound') return UNKNOWN_KIND;
  return `${failure}: ${message.slice(0, LONGEST_MESSAGE)}`;
}
