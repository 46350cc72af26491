import { createHash } from 'node:crypto';
import {
  type AgentApi,
  type Credential,
  type ImageRef,
  MAX_CREDENTIALS_IMAGES,
  type Plan,
} from '@kube-prefetch/protocol';
import { type Clock, type Random, withDeadline } from '@kube-prefetch/time';
import type { Histories } from '../decide/image-history.ts';

export interface RefusedParts {
  readonly api: Pick<AgentApi, 'credentials'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly plan: () => Plan | undefined;
  readonly histories: () => Histories;
  /** Called where something else is brought now than what was refused. */
  readonly changed: (image: ImageRef) => void;
}

/** No sooner than half of it, so that nodes that were refused together do not ask together. */
const LOOK_MS = 2 * 60_000;
const ANSWER_WITHIN_MS = 10_000;

/**
 * Looks whether other credentials are brought for images that were refused: somebody has put a secret right, and the next try may be an
 * hour away. The registry is not asked. Where it fails the next look is soon enough.
 */
export async function watchRefused(parts: RefusedParts, signal: AbortSignal): Promise<never> {
  for (;;) {
    await parts.clock.sleep(LOOK_MS * (0.5 + parts.random() / 2), signal);
    const refused = refusedImages(parts);
    const images = [...refused.keys()];
    for (let at = 0; at < images.length; at += MAX_CREDENTIALS_IMAGES) {
      const request = { images: images.slice(at, at + MAX_CREDENTIALS_IMAGES).map(image => ({ image })) };
      const answer = await withDeadline(parts.clock, ANSWER_WITHIN_MS, signal, 'asking for credentials', inTime =>
        parts.api.credentials(request, inTime),
      ).catch(() => undefined);
      signal.throwIfAborted();
      if (answer === undefined) break;
      for (const now of answer.images) {
        const before = refused.get(now.image);
        if (before !== undefined && now.waitFor === undefined && before !== fingerprint(now)) parts.changed(now.image);
      }
    }
  }
}

interface Brought {
  readonly credentials: readonly Omit<Credential, 'from'>[];
  readonly anonymous: boolean;
}

/** What is brought for an image, to be compared with what is brought later; tells nothing of it. Never leaves the memory. */
export function fingerprint({ credentials, anonymous }: Brought): string {
  const pairs = credentials.map(({ username, password, identityToken }) => [username, password, identityToken]);
  return createHash('sha256')
    .update(JSON.stringify([anonymous, pairs]))
    .digest('base64');
}

/** Those that may be pulled now but for the wait after a failure, with the fingerprint of what was refused. */
function refusedImages({ plan, histories, clock }: RefusedParts): ReadonlyMap<ImageRef, string> {
  const now = clock.monotonicMs();
  const { items = [], held } = plan() ?? {};
  const wanted = held === undefined ? items.filter(({ start, credentials }) => start && credentials) : [];
  const refused = new Map<ImageRef, string>();
  for (const { image } of wanted) {
    const failure = histories().get(image)?.failure;
    if (failure?.refused !== undefined && failure.retryAtMs > now) refused.set(image, failure.refused);
  }
  return refused;
}
