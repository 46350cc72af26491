import { createHash } from 'node:crypto';
import { type FailureKind, type ImageRef, InvalidReference, parseReference } from '@kube-prefetch/protocol';
import { PullFailure, type RegistryAuth } from '../../src/image-runtime.ts';
import { scrub } from '../../src/scrub-credentials.ts';
import { createImageTable } from './store.ts';

export interface PublishedImage {
  readonly sizeBytes: number;
  /** What one download gets; without it everything arrives at once. */
  readonly bytesPerSecond?: number;
  /** How long it takes once everything has arrived; no time if absent. */
  readonly unpackMs?: number;
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

/** A registry that does as a test tells it. One may serve several twins of a runtime. */
export interface TwinRegistry {
  publish(image: ImageRef, published: PublishedImage): void;
  /** Pulls of it fail with NotFound again. */
  withdraw(image: ImageRef): void;
  /** The next `times` pulls of the image end so, or until it is published again; what is published stays. */
  failNext(image: ImageRef, failure: ScriptedFailure, times?: number): void;
  /** Refuses connections until `start`. */
  stop(): void;
  start(): void;
  /** Manifest requests that reached it, for one image by the name it was asked with or for all. */
  requests(image?: ImageRef): number;
  /** Downloads of its contents that began, under whatever name. */
  downloads(image: ImageRef): number;
  /** How many of them go on. */
  sending(image: ImageRef): number;
  /** For the runtime: one manifest request. Throws PullFailure. */
  offer(image: ImageRef, auth: RegistryAuth | undefined): Offer;
  /** For the runtime: one download, which goes on until the answer is called. */
  send(offer: Offer): () => void;
}

export function createTwinRegistry(): TwinRegistry {
  const images = createImageTable<Offer>();
  const scripted = new Map<ImageRef, ScriptedFailure[]>();
  const requests = createCounter();
  const downloads = createCounter();
  const sending = createCounter();
  let stopped = false;

  function find(image: ImageRef, auth: RegistryAuth | undefined): Offer {
    if (stopped) throw new PullFailure('RegistryUnavailable', `${image}: dial twin of a registry: connection refused`);
    requests.add(image, 1);
    const failure = scripted.get(image)?.shift();
    const offer = images.get(image);
    if (failure !== undefined) return { ...(offer ?? nothing(image)), failure };
    if (offer === undefined) throw new PullFailure('NotFound', `${image}: not found`);
    if (!mayPull(offer, auth)) throw new PullFailure('Unauthorized', `${image}: 401 Unauthorized`);
    return offer;
  }

  return {
    publish(image, published) {
      scripted.delete(image);
      images.set(image, { digest: madeUpDigest(image, published.sizeBytes), ...published });
    },
    withdraw: image => void images.delete(image),
    failNext: (image, failure, times = 1) =>
      void scripted.set(image, [...(scripted.get(image) ?? []), ...Array<ScriptedFailure>(times).fill(failure)]),
    stop: () => void (stopped = true),
    start: () => void (stopped = false),
    requests: image => requests.of(image),
    downloads: image => downloads.of(images.get(image)?.digest ?? ''),
    sending: image => sending.of(images.get(image)?.digest ?? ''),
    offer(image, auth) {
      checkReference(image);
      const offer = find(image, auth);
      if (offer.failure !== undefined && offer.failure.afterBytes === undefined)
        throw scriptedEnd(offer.failure, image, auth);
      return offer;
    },
    send({ digest }) {
      downloads.add(digest, 1);
      sending.add(digest, 1);
      return () => sending.add(digest, -1);
    },
  };
}

export function scriptedEnd(
  { kind, message }: ScriptedFailure,
  image: ImageRef,
  auth: RegistryAuth | undefined,
): PullFailure {
  return new PullFailure(kind, scrub(message ?? `${image}: scripted ${kind}`, auth && [auth]));
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

/** How often each thing happened. */
export interface Counter {
  add(key: string, by: number): void;
  /** Of all keys when none is given. */
  of(key?: string): number;
}

export function createCounter(): Counter {
  const counts = new Map<string, number>();
  return {
    add: (key, by) => void counts.set(key, (counts.get(key) ?? 0) + by),
    of: key => (key === undefined ? counts.values().reduce((sum, count) => sum + count, 0) : (counts.get(key) ?? 0)),
  };
}
