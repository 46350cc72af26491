import {
  errorText,
  type Failure,
  type ImageRef,
  MAX_LOOKS_PER_NODE,
  MAX_MESSAGE_LENGTH,
  type NodeReport,
  type Plan,
} from '@kube-prefetch/protocol';
import { PullFailure } from '@kube-prefetch/runtime';
import { createTrigger, type Clock, type Random } from '@kube-prefetch/time';
import { CredentialsMissing, type Tries, type WantedTries } from '../credentials/gather-tries.ts';
import { pullInTurn } from '../credentials/try-in-turn.ts';
import type { LookUpTag } from './look-up-tag.ts';

type Looked = NonNullable<NodeReport['looked']>[number];

/** At once on this node. */
const MAX_AT_ONCE = 4;
/** Nodes that report at the same time are asked at the same time: their looks are spread over this, drawn at random. */
const SPREAD_MS = 10_000;

/** Looks up tags that the coordinator asks about, and keeps what they are found to stand for until it has been told. */
export interface Looks {
  /** Those that are looked up already, or have been, are not looked up once more. */
  asked(images: readonly ImageRef[]): void;
  results(): readonly Looked[];
  told(results: readonly Looked[]): void;
  run(signal: AbortSignal): Promise<never>;
}

export interface LooksParts {
  readonly lookUp: LookUpTag;
  /** Throws CredentialsMissing. */
  readonly gather: (wanted: WantedTries, signal: AbortSignal) => Promise<Tries>;
  readonly clock: Clock;
  readonly random: Random;
  readonly plan: () => Plan | undefined;
  /** The name of the credential that the image was pulled with last. */
  readonly lastCredential: (image: ImageRef) => string | undefined;
  /** There is something to tell. */
  readonly found: (result: 'answered' | 'failed') => void;
}

export function createLooks(parts: LooksParts): Looks {
  const wake = createTrigger(parts.clock);
  /** With when each may begin. */
  const waiting = new Map<ImageRef, number>();
  const running = new Set<ImageRef>();
  const results = new Map<ImageRef, Looked>();

  const look = async (image: ImageRef, signal: AbortSignal) => {
    const result = await lookAt(image, parts, signal);
    running.delete(image);
    if (signal.aborted) return;
    results.set(image, result);
    parts.found(result.digest === undefined ? 'failed' : 'answered');
    wake.fire();
  };

  return {
    asked(images) {
      for (const image of images.slice(0, MAX_LOOKS_PER_NODE)) {
        if (waiting.has(image) || running.has(image) || results.has(image)) continue;
        if (waiting.size + running.size + results.size >= MAX_LOOKS_PER_NODE) break;
        waiting.set(image, parts.clock.monotonicMs() + parts.random() * SPREAD_MS);
      }
      if (waiting.size > 0) wake.fire();
    },
    results: () => [...results.values()],
    told(ended) {
      for (const result of ended) if (results.get(result.image) === result) results.delete(result.image);
    },
    async run(signal) {
      for (;;) {
        const now = parts.clock.monotonicMs();
        for (const [image, readyMs] of waiting) {
          if (readyMs > now || running.size === MAX_AT_ONCE) continue;
          waiting.delete(image);
          running.add(image);
          void look(image, signal);
        }
        // Where as many run as may, the end of one wakes.
        const dueMs = running.size === MAX_AT_ONCE ? Number.POSITIVE_INFINITY : Math.min(...waiting.values());
        await wake.next(dueMs, signal);
      }
    },
  };
}

/** Never rejects. */
async function lookAt(image: ImageRef, parts: LooksParts, signal: AbortSignal): Promise<Looked> {
  const item = parts.plan()?.items.find(each => each.image === image);
  if (item === undefined)
    return { image, failure: { kind: 'Unknown', message: 'the plan of the node has no such image' } };
  try {
    const { value: digest } = await pullInTurn({
      gather: refused => parts.gather({ image, ask: item.credentials === true, refused }, signal),
      pull: one => parts.lookUp(image, one === 'anonymous' ? undefined : one, signal),
      lastCredential: parts.lastCredential(image),
    });
    return { image, digest };
  } catch (error) {
    return { image, failure: failureOf(error) };
  }
}

function failureOf(error: unknown): Failure {
  const message = errorText(error).slice(0, MAX_MESSAGE_LENGTH);
  if (error instanceof CredentialsMissing) return { kind: 'Unauthorized', message };
  return { kind: error instanceof PullFailure ? error.kind : 'Unknown', message };
}
