import { type ImageRef, InvalidReference } from '@kube-prefetch/protocol';
import type { Presence } from '../image-runtime.ts';
import { lookOneByOne } from '../look-one-by-one.ts';
import { type DockerEngine, EngineError } from './connect-engine.ts';
import { nameInPath } from '../name-image.ts';

interface Inspected {
  readonly Id: string;
  readonly Size: number;
  readonly RepoDigests?: readonly string[] | null;
}

/** One inspect per reference, because only the engine knows what a reference means to it. The first failure fails all. */
export function lookAtImages(
  engine: DockerEngine,
  asked: readonly ImageRef[],
  signal: AbortSignal,
): Promise<ReadonlyMap<ImageRef, Presence>> {
  return lookOneByOne(asked, (image, until) => lookAt(engine, image, until), signal);
}

export async function lookAt(engine: DockerEngine, image: ImageRef, signal: AbortSignal): Promise<Presence> {
  try {
    const inspected = await engine.get(`/images/${nameInPath(image)}/json`, {}, signal);
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
