import { KubeApiError, type SecretReader } from '@kube-prefetch/cluster';
import { type SecretRef, secretName, type SecretState } from '@kube-prefetch/core';
import { parsePullSecret } from '@kube-prefetch/keyring';
import { type Clock, createBoundedCalls, timestamp, untilAborted, withDeadline } from '@kube-prefetch/time';
import { paceSecretReads } from './pace-secret-reads.ts';

/** Decoded secrets, in memory only, as they were read last. */
export interface SecretCache {
  /** Starts over, for a term that ends with the signal. */
  open(signal: AbortSignal): void;
  /** Forgets everything. */
  clear(): void;
  /** `refused`: the registry refused what it holds, so what was read a while ago does not count. */
  read(secret: SecretRef, refused: boolean, signal: AbortSignal): Promise<SecretState>;
  /** Forgets the contents of secrets that no node has needed for a while, and looks for those that were missing or wrong. */
  expire(now: number): void;
  /** What was read last, and since when it has been so, RFC 3339. */
  states(): Iterable<readonly [name: string, known: { readonly state: SecretState; readonly since: string }]>;
}

export interface SecretCacheParts {
  readonly reader: SecretReader;
  readonly clock: Clock;
  /** How long what was read counts. */
  readonly refreshMs: number;
  /** Called when a secret turns out to be something else than it was. */
  readonly changed: () => void;
}

/** A secret that is missing, wrong or forbidden is read again only after this time: somebody may be about to put it right. */
const WRONG_MS = 20_000;
/** The same for one that could not be read. */
const UNREAD_MS = 5_000;
/** A secret is read again because a registry refused it once in this time: 5,000 nodes may report the refusal at once. */
const REFUSED_MS = 10_000;
/** How long what a registry refused counts: agents ask every minute or two whether somebody has put it right. */
const REFUSED_LIFE_MS = 60_000;
/** An agent waits ten seconds for its answer, in which other reads may come first. */
const READ_WITHIN_MS = 5_000;
/** For how long the status tells of a secret that no node needs: agents try again after an hour at most. */
const REMEMBER_WRONG_MS = 2 * 60 * 60_000;
const MAX_SECRETS = 4_000;
const MAX_BYTES = 32 * 1024 * 1024;
/** To decode secrets with as many entries takes milliseconds: others are served before the next one. */
const MANY_ENTRIES = 100;
const DECODINGS = { running: 1, waiting: 2_000 };
/** Of an entry, beside its texts. */
const ENTRY_BYTES = 300;

interface Known {
  readonly secret: SecretRef;
  /** When a node last needed it. */
  readonly usedMs: number;
  readonly state: SecretState;
  readonly since: string;
  readonly readMs: number;
  readonly dueMs: number;
  readonly bytes: number;
  /** Some registry refused what it holds. */
  readonly refused: boolean;
}

export function createSecretCache({ reader, clock, refreshMs, changed }: SecretCacheParts): SecretCache {
  /** The longest unused first. */
  const known = new Map<string, Known>();
  const readings = new Map<string, Promise<SecretState>>();
  const decodings = createBoundedCalls(DECODINGS);
  let lanes = paceSecretReads(clock);
  let bytes = 0;
  let term = AbortSignal.abort();

  const drop = (name: string) => {
    bytes -= known.get(name)?.bytes ?? 0;
    known.delete(name);
  };
  const keep = (name: string, next: Known) => {
    drop(name);
    known.set(name, next);
    bytes += next.bytes;
    for (const oldest of known.keys()) {
      if (known.size <= MAX_SECRETS && bytes <= MAX_BYTES) break;
      drop(oldest);
    }
  };

  const take = (secret: SecretRef, state: SecretState) => {
    const name = secretName(secret);
    const now = clock.monotonicMs();
    const before = known.get(name);
    const stale = 'reason' in state && state.reason === 'PullSecretUnread' && before && 'entries' in before.state;
    const counts = stale ? before.state : state;
    const same = before !== undefined && textOf(before.state) === textOf(counts);
    keep(name, {
      secret,
      usedMs: before?.usedMs ?? now,
      state: counts,
      since: same ? before.since : timestamp(clock),
      readMs: now,
      dueMs: now + lifeOf(state, refreshMs),
      bytes: sizeOf(name, counts),
      refused: before?.refused === true && JSON.stringify(before.state) === JSON.stringify(counts),
    });
    if (textOf(counts) !== (before === undefined ? '' : textOf(before.state))) changed();
    return counts;
  };

  const readAnew = async (secret: SecretRef, during: AbortSignal): Promise<SecretState> => {
    const name = secretName(secret);
    const decode = (found: FoundSecret, inTime: AbortSignal) =>
      decodings.run(async () => {
        const state = stateOf(secret, found);
        if ('entries' in state && state.entries.length > MANY_ENTRIES) await clock.sleep(0, inTime);
        return state;
      }, inTime);
    const read = () =>
      withDeadline(clock, READ_WITHIN_MS, during, name, async inTime =>
        decode(await reader.read(secret, inTime), inTime),
      );
    const state = await lanes.run(secret.namespace, read, during).catch(error => unread(name, error));
    return during === term && !during.aborted ? take(secret, state) : state;
  };

  /** One read for all who want the secret at the same time. */
  const beginReading = (secret: SecretRef): Promise<SecretState> => {
    const name = secretName(secret);
    const reading = readings.get(name);
    if (reading !== undefined) return reading;
    const begun = readAnew(secret, term).finally(() => {
      if (readings.get(name) === begun) readings.delete(name);
    });
    readings.set(name, begun);
    return begun;
  };

  return {
    open(signal) {
      this.clear();
      term = signal;
    },
    clear() {
      known.clear();
      readings.clear();
      lanes = paceSecretReads(clock);
      bytes = 0;
    },
    async read(secret, refused, signal) {
      const name = secretName(secret);
      const now = clock.monotonicMs();
      const last = known.get(name);
      if (last !== undefined) {
        known.delete(name);
        const next = { ...last, usedMs: now, refused: last.refused || refused };
        known.set(name, next);
        const dueMs = next.refused ? Math.min(last.dueMs, last.readMs + REFUSED_LIFE_MS) : last.dueMs;
        if (now < dueMs && !(refused && now >= last.readMs + REFUSED_MS)) return last.state;
      }
      return untilAborted(beginReading(secret), signal);
    },
    expire(now) {
      for (const [name, { secret, state, usedMs, readMs, dueMs }] of known) {
        const isWrong = 'reason' in state;
        if (isWrong ? now > usedMs + REMEMBER_WRONG_MS : now > dueMs + refreshMs) drop(name);
        else if (isWrong && now > readMs + refreshMs) void beginReading(secret);
      }
    },
    states: () => known,
  };
}

type FoundSecret = Awaited<ReturnType<SecretReader['read']>>;

function stateOf(secret: SecretRef, found: FoundSecret): SecretState {
  const name = `secret ${secretName(secret)}`;
  if (found === 'missing') return { reason: 'PullSecretMissing', sentence: `${name} does not exist` };
  if (found === 'forbidden')
    return { reason: 'PullSecretForbidden', sentence: `${name} may not be read by the coordinator` };
  const parsed = parsePullSecret(found);
  return 'problem' in parsed ? { reason: 'PullSecretInvalid', sentence: `${name}: ${parsed.problem}` } : parsed;
}

/** Says nothing of the error's text, which may repeat what came. */
function unread(name: string, error: unknown): SecretState {
  const why = error instanceof KubeApiError ? `: ${error.failure}` : '';
  return { reason: 'PullSecretUnread', sentence: `secret ${name} cannot be read now${why}` };
}

function lifeOf(state: SecretState, refreshMs: number): number {
  if ('entries' in state) return refreshMs;
  return Math.min(refreshMs, state.reason === 'PullSecretUnread' ? UNREAD_MS : WRONG_MS);
}

/** What people may see of it. */
function textOf(state: SecretState): string {
  return 'entries' in state ? '' : state.sentence;
}

function sizeOf(name: string, state: SecretState): number {
  const texts =
    'entries' in state ? state.entries.flatMap(entry => Object.values(entry) as string[]) : [state.sentence];
  const entries = 'entries' in state ? state.entries.length : 0;
  return texts.reduce((sum, text) => sum + text.length, name.length + ENTRY_BYTES * (entries + 1));
}
