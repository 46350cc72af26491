import { type ImageRef, InvalidReference } from '@kube-prefetch/protocol';
import type { Presence } from '../image-runtime.ts';
import { lookOneByOne } from '../look-one-by-one.ts';
import { AnswerTooLong, type DockerEngine, EngineError } from './connect-engine.ts';
import { nameInPath } from '../name-image.ts';

interface Inspected {
  readonly Id: string;
  readonly Size: number;
  readonly RepoDigests?: readonly string[] | null;
  /** Empty of an artifact, which engines that keep images in containerd pull like an image. */
  readonly Os?: string;
}

/** One inspect per reference, because only the engine knows what a reference means to it. The first failure fails all. */
export function lookAtImages(
  engine: DockerEngine,
  asked: readonly ImageRef[],
  signal: AbortSignal,
): Promise<ReadonlyMap<ImageRef, Presence>> {
  return lookOneByOne(asked, (image, until) => lookAt(engine, image, until), signal);
}

async function lookAt(engine: DockerEngine, image: ImageRef, signal: AbortSignal): Promise<Presence> {
  const inspected = await inspect(engine, image, signal);
  return inspected === undefined ? { present: false } : presenceOf(inspected);
}

/** Undefined where the engine has no such image. */
export async function inspect(
  engine: DockerEngine,
  image: ImageRef,
  signal: AbortSignal,
): Promise<Inspected | undefined> {
  try {
    return (await engine.get(`/images/${nameInPath(image)}/json`, {}, signal)) as Inspected;
  } catch (error) {
    if (error instanceof InvalidReference || (error instanceof EngineError && error.status === 404)) return undefined;
    const begun = error instanceof AnswerTooLong ? inspectedIn(error.head) : undefined;
    if (begun === undefined) throw error;
    return begun;
  }
}

/** Engines begin with the ID, the tags and the digests. The size stands behind the configuration, which nobody reads to its end. */
function inspectedIn(head: string): Inspected | undefined {
  const id = /^\{"Id":("[^"\\]*")/.exec(head)?.[1];
  if (id === undefined) return undefined;
  const digests = /"RepoDigests":(\[[^\]{}]*\])/.exec(head)?.[1] ?? '[]';
  return { Id: JSON.parse(id) as string, Size: 0, RepoDigests: JSON.parse(digests) as string[] };
}

function presenceOf({ Id, Size, RepoDigests }: Inspected): Presence {
  return { present: true, id: Id, sizeBytes: Size, digests: (RepoDigests ?? []).map(withoutTag) };
}

/** dockerd 29 keeps the tag of what was pulled by both: `r.example/app:v1@sha256:…`. */
function withoutTag(digest: string): string {
  return digest.replace(/:[^:/@]*@/, '@');
}
