import {
  type AgentApi,
  type Credential,
  errorText,
  type ImageCredentials,
  type ImageRef,
} from '@kube-prefetch/protocol';
import { type Clock, withDeadline } from '@kube-prefetch/time';
import { fingerprint } from './watch-refused.ts';

/** One way to pull an image: with a credential, or without any. */
export type Try = Credential | 'anonymous';

export interface Tries {
  /** In the order in which the kubelet would try them. */
  readonly tries: readonly Try[];
  /** Credentials that could not be used, a sentence each without their contents. */
  readonly problems: readonly string[];
  /** Of what the coordinator brought; absent where it was not asked. */
  readonly brought?: string;
}

/** Something that a pull needs cannot be had now. A pull without it could bring another image, or none. */
export class CredentialsMissing extends Error {
  override readonly name = 'CredentialsMissing';
}

/** Credentials that the node has by itself: they come after those of the coordinator. */
export interface NodeCredentials {
  /** Throws CredentialsMissing. */
  of(image: ImageRef, signal: AbortSignal): Promise<Pick<ImageCredentials, 'credentials' | 'problems'>>;
}

/** How a request for the credentials of one image ended: some fit, none fits, it waits for a secret, or nothing was answered for it. */
export const REQUEST_RESULTS = ['given', 'none', 'waits', 'failed'] as const;

export interface CredentialRequestMetrics {
  credentialsAsked(result: (typeof REQUEST_RESULTS)[number]): void;
}

export interface GatherParts {
  readonly api: Pick<AgentApi, 'credentials'>;
  readonly metrics?: CredentialRequestMetrics | undefined;
  readonly clock: Clock;
  /** Absent: the node has none. */
  readonly node?: NodeCredentials | undefined;
}

export interface WantedTries {
  readonly image: ImageRef;
  /** Whoever asks for the image brings pull secrets. */
  readonly ask: boolean;
  /** The registry refused all that was gathered before. */
  readonly refused?: boolean;
}

const ANSWER_WITHIN_MS = 10_000;
const NOTHING_BROUGHT = { credentials: [], problems: [], anonymous: true } as const;

/**
 * What to try one after the other: the coordinator's credentials, then the node's. A try without credentials comes last, and only if
 * the node has none that fits and some ask brings none that fits. Throws CredentialsMissing.
 */
export async function gatherTries(wanted: WantedTries, parts: GatherParts, signal: AbortSignal): Promise<Tries> {
  const brought = wanted.ask ? await askCoordinator(wanted, parts, signal) : NOTHING_BROUGHT;
  const own = await askNode(wanted.image, parts, brought.credentials.length > 0, signal);
  const anonymous = brought.anonymous && own.credentials.length === 0;
  return {
    tries: [...brought.credentials, ...own.credentials, ...(anonymous ? (['anonymous'] as const) : [])],
    problems: [...brought.problems, ...own.problems],
    ...(wanted.ask && { brought: fingerprint(brought) }),
  };
}

/** What cannot be had of the node for now holds up no pull that has other credentials. */
async function askNode(
  image: ImageRef,
  { node }: GatherParts,
  hasOthers: boolean,
  signal: AbortSignal,
): Promise<Pick<ImageCredentials, 'credentials' | 'problems'>> {
  if (node === undefined) return { credentials: [], problems: [] };
  try {
    return await node.of(image, signal);
  } catch (error) {
    if (!(error instanceof CredentialsMissing) || !hasOthers) throw error;
    return { credentials: [], problems: [error.message] };
  }
}

async function askCoordinator(
  { image, refused = false }: WantedTries,
  { api, clock, metrics }: GatherParts,
  signal: AbortSignal,
): Promise<ImageCredentials> {
  const request = { images: [{ image, ...(refused && { refused }) }] };
  const answer = await withDeadline(clock, ANSWER_WITHIN_MS, signal, 'asking for credentials', inTime =>
    api.credentials(request, inTime),
  ).catch(error => {
    signal.throwIfAborted();
    metrics?.credentialsAsked('failed');
    throw new CredentialsMissing(`the coordinator gives no credentials: ${errorText(error)}`);
  });
  const found = answer.images.find(each => each.image === image);
  if (found === undefined) metrics?.credentialsAsked('failed');
  else if (found.waitFor !== undefined) metrics?.credentialsAsked('waits');
  else metrics?.credentialsAsked(found.credentials.length > 0 ? 'given' : 'none');
  if (found === undefined) throw new CredentialsMissing('the coordinator knows of no credentials for the image yet');
  if (found.waitFor !== undefined) throw new CredentialsMissing(found.waitFor);
  return found;
}
