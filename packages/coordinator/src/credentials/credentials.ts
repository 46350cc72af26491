import type { SecretReader } from '@kube-prefetch/cluster';
import {
  accountKey,
  askersOf,
  type Cohort,
  describeAccount,
  offerCredentials,
  type PullSecrets,
  secretKey,
  secretName,
  secretsOf,
  type SecretState,
  type SecretTrouble,
  type SecretTroubles,
} from '@kube-prefetch/core';
import type { CredentialsRequest, ImageCredentials, Plan } from '@kube-prefetch/protocol';
import { type Clock, timestamp } from '@kube-prefetch/time';
import { apiErrors } from '../requests/api-errors.ts';
import { createSecretCache } from './secret-cache.ts';

/** Gives agents the credentials of their next pulls, and reads the secrets that this takes. */
export interface Credentials {
  /** Starts over, for a term that ends with the signal. */
  open(signal: AbortSignal): void;
  /** Forgets everything. */
  close(): void;
  /**
   * Of the images asked for, those that the node's plan says to ask for. Each gets what the asks of this node bring, and nothing
   * that only asks of other nodes do. Throws ApiError where the node asks for too much at once.
   */
  answer(
    node: string,
    request: CredentialsRequest,
    wanted: { readonly plan: Plan; readonly cohort: Cohort },
    signal: AbortSignal,
  ): Promise<ImageCredentials[]>;
  /** Forgets what nobody has needed for a while, and looks again for what was missing or wrong. */
  expire(now: number): void;
  /** Secrets that are known, by whether they can be used. */
  counts(): { readonly usable: number; readonly unusable: number };
  /** What was needed lately and could not be used. */
  troubles(): SecretTroubles;
}

export interface CredentialsParts {
  readonly reader: SecretReader;
  readonly clock: Clock;
  /** How long a secret that was read counts. */
  readonly refreshMs: number;
  /** Called when the troubles change. */
  readonly changed: () => void;
}

/** An agent asks for each of its pulls by itself, and runs 64 at most: `--parallel-pulls` is up to 32, and slow ones count half. */
const MAX_REQUESTS_OF_A_NODE = 64;
const MAX_ACCOUNTS = 2_000;
/** Entries that are compared with images before others are served: a thousand take a millisecond or two. */
const MOST_ENTRIES_AT_ONCE = 10_000;

export function createCredentials(parts: CredentialsParts): Credentials {
  const { clock, changed } = parts;
  const cache = createSecretCache(parts);
  const accounts = new Map<string, SecretTrouble>();
  const busy = new Map<string, number>();

  const noteAccount = (account: NonNullable<PullSecrets['account']>) => {
    const key = accountKey(account.name);
    const trouble = describeAccount(account);
    if (accounts.get(key)?.sentence === trouble.sentence) return;
    for (const oldest of accounts.keys()) if (accounts.size >= MAX_ACCOUNTS) accounts.delete(oldest);
    accounts.set(key, { ...trouble, since: timestamp(clock) });
    changed();
  };

  const offer = async (images: readonly AskedImage[], signal: AbortSignal) => {
    const refused = new Set(namesOf(images.filter(image => image.refused)));
    const secrets = secretsOf(images.flatMap(({ askers }) => askers));
    const states = new Map<string, SecretState>();
    await Promise.all(
      secrets.map(async secret => {
        const name = secretName(secret);
        states.set(name, await cache.read(secret, refused.has(name), signal));
      }),
    );
    for (const { account } of images.flatMap(({ askers }) => askers)) if (account !== undefined) noteAccount(account);
    const offers: ImageCredentials[] = [];
    let compared = 0;
    for (const { image, askers } of images) {
      offers.push(offerCredentials(image, askers, secret => states.get(secretName(secret)) as SecretState));
      compared += entriesOf(secretsOf(askers).map(secret => states.get(secretName(secret))));
      if (compared < MOST_ENTRIES_AT_ONCE) continue;
      compared = 0;
      await clock.sleep(0, signal);
    }
    return offers;
  };

  const close = () => {
    cache.clear();
    accounts.clear();
  };

  return {
    open(signal) {
      close();
      cache.open(signal);
    },
    close,
    async answer(node, request, { plan, cohort }, signal) {
      const running = busy.get(node) ?? 0;
      if (running >= MAX_REQUESTS_OF_A_NODE) throw apiErrors.tooMuch(node);
      busy.set(node, running + 1);
      try {
        return await offer(askedImages(request, plan, cohort), signal);
      } finally {
        const left = (busy.get(node) ?? 1) - 1;
        if (left === 0) busy.delete(node);
        else busy.set(node, left);
      }
    },
    expire: cache.expire,
    counts() {
      const states = [...cache.states()].map(([, { state }]) => state);
      const usable = states.filter(state => 'entries' in state).length;
      return { usable, unusable: states.length - usable };
    },
    troubles() {
      const troubles = new Map(accounts);
      for (const [name, { state, since }] of cache.states()) {
        if ('reason' in state) troubles.set(secretKey(name), { ...state, since });
      }
      return troubles;
    },
  };
}

interface AskedImage {
  readonly image: string;
  readonly refused: boolean;
  readonly askers: readonly PullSecrets[];
}

/**
 * Whatever an agent asks for: only images that its own plan holds, and that some ask of its node brings secrets for. None where no
 * pull may start.
 */
function askedImages({ images }: CredentialsRequest, plan: Plan, cohort: Cohort): readonly AskedImage[] {
  if (plan.held !== undefined) return [];
  const flagged = new Set(plan.items.filter(item => item.credentials === true).map(({ image }) => image));
  const asked = new Map(images.map(({ image, refused = false }) => [image, refused]));
  return [...asked]
    .filter(([image]) => flagged.has(image))
    .map(([image, refused]) => ({ image, refused, askers: askersOf(cohort.asks, image) }));
}

function entriesOf(states: readonly (SecretState | undefined)[]): number {
  return states.reduce((sum, state) => sum + (state && 'entries' in state ? state.entries.length : 0), 0);
}

function namesOf(images: readonly AskedImage[]): readonly string[] {
  return secretsOf(images.flatMap(({ askers }) => askers)).map(secretName);
}
