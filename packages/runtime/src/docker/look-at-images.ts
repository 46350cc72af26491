import { type ImageRef, InvalidReference } from '@kube-prefetch/protocol';
import type { Presence } from '../image-runtime.ts';
import { lookAtEach } from '../look-at-each.ts';
import { type Engine, EngineError } from './connect-engine.ts';
import { nameImage } from './name-image.ts';

interface Inspected {
  readonly Id: string;
  readonly Size: number;
  readonly RepoDigests?: readonly string[] | null;
}

/** One inspect per reference, because only the engine knows what a reference means to it. The first failure fails all. */
export function lookAtImages(
  engine: Engine,
  asked: readonly ImageRef[],
  signal: AbortSignal,
): Promise<ReadonlyMap<ImageRef, Presence>> {
  return lookAtEach(asked, (image, until) => lookAt(engine, image, until), signal);
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
