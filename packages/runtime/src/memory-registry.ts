import { createHash } from 'node:crypto';
import { type FailureKind, type ImageRef, InvalidReference, parseReference } from '@kube-prefetch/protocol';
import { PullFailure, type RegistryAuth } from './image-runtime.ts';
import { createImageTable } from './memory-images.ts';
import { scrub } from './scrub.ts';

export interface PublishedImage {
  readonly sizeBytes: number;
  /** What one download gets; without it everything arrives at once. */
  readonly bytesPerSecond?: number;
  /** Made from name and size when absent. */
  readonly digest?: string;
  /** Nobody else may pull it. */
  readonly credentials?: RegistryAuth;
  /** How every pull ends until the image is published again. */
  readonly failure?: ScriptedFailure;
  /** No byte follows these; the pull hangs until somebody stops it. */
  readonly stallAfterBytes?: number;
}

export interface ScriptedFailure {
  readonly kind: FailureKind;
  readonly message?: string;
  /** What arrives first; without it the registry refuses before the first byte. */
  readonly afterBytes?: number;
  /** The runtime calls the image present all the same, as containerd 1.6 does after a failed unpack. */
  readonly leavesPresent?: boolean;
}

/** What one pull finds: the image, and how this pull is to end. */
export interface Offer extends PublishedImage {
  readonly digest: string;
}

/** A registry that does as a test tells it. One may serve several memory runtimes. */
export interface MemoryRegistry {
  publish(image: ImageRef, published: PublishedImage): void;
  /** Pulls of it fail with NotFound again. */
  withdraw(image: ImageRef): void;
  /** The next `times` pulls of the image end so; what is published stays. */
  failNext(image: ImageRef, failure: ScriptedFailure, times?: number): void;
  /** Refuses connections until `start`. */
  stop(): void;
  start(): void;
  /** Manifest requests that reached it, for one image by the name it was asked with or for all. */
  requests(image?: ImageRef): number;
  /** One manifest request. Throws PullFailure. */
  offer(image: ImageRef, auth: RegistryAuth | undefined): Offer;
}

export function createMemoryRegistry(): MemoryRegistry {
  const images = createImageTable<Offer>();
  const scripted = new Map<ImageRef, ScriptedFailure[]>();
  const requests = new Map<ImageRef, number>();
  let stopped = false;

  function find(image: ImageRef, auth: RegistryAuth | undefined): Offer {
    if (stopped) throw new PullFailure('RegistryUnavailable', `${image}: dial memory registry: connection refused`);
    requests.set(image, (requests.get(image) ?? 0) + 1);
    const failure = scripted.get(image)?.shift();
    const offer = images.get(image);
    if (failure !== undefined) return { ...(offer ?? nothing(image)), failure };
    if (offer === undefined) throw new PullFailure('NotFound', `${image}: not found`);
    if (!mayPull(offer, auth)) throw new PullFailure('Unauthorized', `${image}: 401 Unauthorized`);
    return offer;
  }

  return {
    publish: (image, published) =>
      images.set(image, { digest: madeUpDigest(image, published.sizeBytes), ...published }),
    withdraw: image => void images.delete(image),
    failNext: (image, failure, times = 1) =>
      void scripted.set(image, [...(scripted.get(image) ?? []), ...Array<ScriptedFailure>(times).fill(failure)]),
    stop: () => void (stopped = true),
    start: () => void (stopped = false),
    requests: image =>
      image === undefined ? requests.values().reduce((sum, count) => sum + count, 0) : (requests.get(image) ?? 0),
    offer(image, auth) {
      checkReference(image);
      const offer = find(image, auth);
      if (offer.failure !== undefined && offer.failure.afterBytes === undefined)
        throw scriptedEnd(offer.failure, image, auth);
      return offer;
    },
  };
}

export function scriptedEnd(
  { kind, message }: ScriptedFailure,
  image: ImageRef,
  auth: RegistryAuth | undefined,
): PullFailure {
  return new PullFailure(kind, scrub(message ?? `${image}: scripted ${kind}`, auth));
}

function checkReference(image: ImageRef): void {
  try {
    parseReference(image);
  } catch (error) {
    if (!(error instanceof InvalidReference)) throw error;
    throw new PullFailure('InvalidReference', error.message, { cause: error });
  }
}

function mayPull({ credentials }: PublishedImage, auth: RegistryAuth | undefined): boolean {
  return (
    credentials === undefined || (auth?.username === credentials.username && auth.password === credentials.password)
  );
}

function nothing(image: ImageRef): Offer {
  return { sizeBytes: 0, digest: madeUpDigest(image, 0) };
}

export function madeUpDigest(image: ImageRef, sizeBytes: number): string {
  return `sha256:${createHash('sha256').update(`${image} ${sizeBytes}`).digest('hex')}`;
}
