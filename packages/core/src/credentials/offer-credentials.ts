import { matchCredentials, type RegistryEntry } from '@kube-prefetch/keyring';
import {
  type Credential,
  type CredentialReason,
  type ImageCredentials,
  type ImageRef,
  MAX_CREDENTIAL_LENGTH,
  MAX_CREDENTIALS_EACH,
  MAX_CREDENTIALS_PROBLEMS,
} from '@kube-prefetch/protocol';
import type { Ask } from '../asks/ask.ts';
import { type PullSecrets, type SecretRef, secretName } from '../asks/pull-secrets.ts';

/** What is known of a Secret. */
export type SecretState =
  | { readonly entries: readonly RegistryEntry[] }
  /** It is not there, or not what it should be. The sentence names it and holds nothing of it. */
  | { readonly reason: 'PullSecretMissing' | 'PullSecretInvalid'; readonly sentence: string }
  /** It may be there. */
  | { readonly reason: 'PullSecretForbidden' | 'PullSecretUnread'; readonly sentence: string };

const BLOCKING: readonly CredentialReason[] = ['PullSecretForbidden', 'PullSecretUnread', 'ServiceAccountUnread'];
/** Credentials of one image, as JSON: what 64 images may add to one answer. */
const MAX_BYTES = 64 * 1024;
/** Entries of the secrets of one namespace that are compared with one image; a thousand take a millisecond. */
const MAX_ENTRIES = 2_000;
/** The same for all namespaces that ask for the image. */
const MAX_ENTRIES_IN_ALL = 8_000;
/** Entries of one keyring that match, before those that are the same credentials are taken out. */
const MAX_MATCHES = 4 * MAX_CREDENTIALS_EACH;

/** Of the asks of one node, those whose credentials a pull of the image may use: a suspended one starts no pull. */
export function askersOf(asks: readonly Ask[], image: ImageRef): readonly PullSecrets[] {
  const starting = asks.filter(ask => ask.image === image && ask.start);
  return [...new Set(starting.map(({ pullSecrets }) => pullSecrets))];
}

/** Every Secret that one of them names, once. */
export function secretsOf(askers: readonly PullSecrets[]): readonly SecretRef[] {
  const refs = askers.flatMap(({ keyrings }) => keyrings.flat());
  return [...new Map(refs.map(ref => [secretName(ref), ref])).values()];
}

/**
 * What a node may pull the image with: for each asker, in pull order, what a pod of its own would try. No asker takes anything
 * from another, so one more changes nothing of what the others bring.
 *
 * | of one asker                                                   | it brings                              |
 * | -------------------------------------------------------------- | -------------------------------------- |
 * | entries of its readable secrets that match                     | these, in the kubelet's order          |
 * | none, and something that it needs cannot be read for now       | nothing: the image waits, if all do    |
 * | none                                                           | a pull without credentials             |
 */
export function offerCredentials(
  image: ImageRef,
  askers: readonly PullSecrets[],
  stateOf: (secret: SecretRef) => SecretState,
): ImageCredentials {
  const entriesOf = readWithin(stateOf, askers);
  const offers = askers.map(asker => offerOf(image, asker, entriesOf));
  const { kept, left } = withinBounds(once(offers.flatMap(({ matches }) => matches)));
  const anonymous = offers.some(offer => offer.matches.length === 0 && offer.waitFor.length === 0);
  const waitFor = offers.flatMap(offer => offer.waitFor);
  const waits = kept.length === 0 && !anonymous && waitFor.length > 0;
  const problems = [...new Set([...offers.flatMap(offer => offer.problems), ...(waits ? [] : waitFor), ...left])];
  return {
    image,
    credentials: kept.map(({ entry, secret }) => credentialOf(entry, secret)),
    anonymous,
    problems: problems.slice(0, MAX_CREDENTIALS_PROBLEMS),
    ...(waits && { waitFor: waitFor[0] }),
  };
}

/** What is wrong with the ServiceAccount whose secrets would count. */
export function describeAccount({ name, lacks }: NonNullable<PullSecrets['account']>): {
  readonly reason: CredentialReason;
  readonly sentence: string;
} {
  return lacks === 'object'
    ? { reason: 'ServiceAccountMissing', sentence: `ServiceAccount ${name} does not exist` }
    : { reason: 'ServiceAccountUnread', sentence: `ServiceAccount ${name}: ServiceAccounts have not been read yet` };
}

interface Match {
  readonly entry: RegistryEntry;
  readonly secret: SecretRef;
}

interface Offer {
  readonly matches: readonly Match[];
  readonly problems: readonly string[];
  readonly waitFor: readonly string[];
}

/**
 * Leaves out secrets of a namespace whose secrets before them have as many entries as are looked at; and where all namespaces
 * together have too many, those of the namespaces with the most.
 */
function readWithin(
  stateOf: (secret: SecretRef) => SecretState,
  askers: readonly PullSecrets[],
): (secret: SecretRef) => SecretState {
  const counted = new Map<string, number>();
  const left = new Set<string>();
  for (const secret of secretsOf(askers)) {
    const state = stateOf(secret);
    if (!('entries' in state)) continue;
    const entries = (counted.get(secret.namespace) ?? 0) + state.entries.length;
    if (entries > MAX_ENTRIES) left.add(secretName(secret));
    else counted.set(secret.namespace, entries);
  }
  let inAll = 0;
  const few = [...counted]
    .sort(([, a], [, b]) => a - b)
    .filter(([, entries]) => (inAll += entries) <= MAX_ENTRIES_IN_ALL);
  const looked = new Set(few.map(([namespace]) => namespace));
  return secret => {
    const state = stateOf(secret);
    if (!('entries' in state) || (looked.has(secret.namespace) && !left.has(secretName(secret)))) return state;
    return { reason: 'PullSecretInvalid', sentence: `secret ${secretName(secret)}: left out, too many entries` };
  };
}

function offerOf(image: ImageRef, asker: PullSecrets, stateOf: (secret: SecretRef) => SecretState): Offer {
  const told: { reason: CredentialReason; sentence: string }[] =
    asker.account === undefined ? [] : [describeAccount(asker.account)];
  const matches: Match[] = [];
  for (const keyring of asker.keyrings) {
    const read = keyring.map(secret => ({ secret, state: stateOf(secret) }));
    for (const { state } of read) if ('reason' in state) told.push(state);
    const entries = read.flatMap(({ state }) => ('entries' in state ? state.entries : []));
    const secretOf = (entry: RegistryEntry) =>
      read.find(({ state }) => 'entries' in state && state.entries.includes(entry))?.secret as SecretRef;
    const matching = matchCredentials(entries, image).slice(0, MAX_MATCHES);
    matches.push(...matching.map(entry => ({ entry, secret: secretOf(entry) })));
  }
  const isBlocking = ({ reason }: { reason: CredentialReason }) => BLOCKING.includes(reason);
  return {
    matches,
    problems: told.filter(state => !isBlocking(state)).map(({ sentence }) => sentence),
    waitFor: told.filter(isBlocking).map(({ sentence }) => sentence),
  };
}

function once(matches: readonly Match[]): readonly Match[] {
  const seen = new Map<string, Match>();
  for (const match of matches) {
    const { username, password, identityToken } = match.entry;
    const key = `${username.length} ${password.length} ${username}${password}${identityToken ?? ''}`;
    if (!seen.has(key)) seen.set(key, match);
  }
  return [...seen.values()];
}

/** Where there are too many, each namespace has as many as any other: its secrets cannot push those of others out. */
function withinBounds(matches: readonly Match[]): { kept: readonly Match[]; left: readonly string[] } {
  const turns = new Map<string, number>();
  const byTurn = matches
    .map(match => {
      const turn = turns.get(match.secret.namespace) ?? 0;
      turns.set(match.secret.namespace, turn + 1);
      return { match, turn };
    })
    .sort((a, b) => a.turn - b.turn);
  const kept = new Set<Match>();
  let bytes = 0;
  for (const { match } of byTurn) {
    if (kept.size === MAX_CREDENTIALS_EACH) break;
    if (isTooLong(match.entry)) continue;
    const size = JSON.stringify(match).length;
    if (bytes + size > MAX_BYTES) continue;
    kept.add(match);
    bytes += size;
  }
  const left = new Set(matches.filter(match => !kept.has(match)).map(({ secret }) => secret));
  return {
    kept: matches.filter(match => kept.has(match)),
    left: [...left].map(secret => `secret ${secretName(secret)}: left out, too many or too long credentials match`),
  };
}

function isTooLong({ username, password, identityToken = '' }: RegistryEntry): boolean {
  return Math.max(username.length, password.length, identityToken.length) > MAX_CREDENTIAL_LENGTH;
}

function credentialOf({ username, password, identityToken }: RegistryEntry, secret: SecretRef): Credential {
  const pair = { from: `secret ${secretName(secret)}`, username, password };
  return identityToken === undefined ? pair : { ...pair, identityToken };
}
