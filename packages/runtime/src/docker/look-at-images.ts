import { type ImageRef, InvalidReference } from '@kube-prefetch/protocol';
import type { Presence } from '../image-runtime.ts';
import { type Engine, EngineError } from './connect-engine.ts';
import { nameImage } from './name-image.ts';

/** Answers come from one daemon: more do not make it faster. */
const LOOKS_AT_ONCE = 8;

interface Inspected {
  readonly Id: string;
  readonly Size: number;
  readonly RepoDigests?: readonly string[] | null;
}

/** One inspect per reference, because only the engine knows what a reference means to it. The first failure fails all. */
export async function lookAtImages(
  engine: Engine,
  asked: readonly ImageRef[],
  signal: AbortSignal,
): Promise<ReadonlyMap<ImageRef, Presence>> {
  const seen = new Map<ImageRef, Presence>(asked.map(image => [image, { present: false }]));
  const failed = new AbortController();
  const until = AbortSignal.any([signal, failed.signal]);
  const waiting = [...seen.keys()].values();
  async function lookOn() {
    for (const image of waiting) seen.set(image, await lookAt(engine, image, until));
  }
  try {
    await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, lookOn));
  } catch (error) {
    failed.abort();
    throw error;
  }
  return seen;
}

export async function lookAt(engine: Engine, image: ImageRef, signal: AbortSignal): Promise<Presence> {
  try {
    const inspected = await engine.ask(`/images/${nameImage(image)}/json`, {}, signal);
    return presenceOf(inspected as Inspected);
  } catch (error) {
    if (error instanceof InvalidReference || (error instanceof EngineError && error.status === 404)) {
      return { present: false };
    }
    throw error;
  }
}

function presenceOf({ Id, Size, RepoDigests }: Inspected): Presence {
  return { present: true, id: Id, sizeBytes: Size, digests: RepoDigests ?? [] };
}
