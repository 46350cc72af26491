import type { ImageRef } from '@kube-prefetch/protocol';
import type { Clock } from '@kube-prefetch/time';
import {
  type ImageRuntime,
  type Presence,
  type Progress,
  PullFailure,
  type RegistryAuth,
  RuntimeUnavailable,
  type RuntimeVersion,
} from '../../src/image-runtime.ts';
import { createTwinDownloads } from './downloads.ts';
import { createTwinHealth } from './health.ts';
import { type TwinRegistry, createCounter, createTwinRegistry, madeUpDigest, scriptedEnd } from './registry.ts';
import { type Held, createTwinImages } from './store.ts';

export interface TwinRuntimeOptions {
  readonly clock: Clock;
  /** Shared by several runtimes, or one of its own. */
  readonly registry?: TwinRegistry;
  readonly version?: RuntimeVersion;
  readonly capacityBytes?: number;
  /** What other things than images take up. */
  readonly usedBytes?: number;
  /** Of everything but a pull: a runtime that hangs counts as unavailable after this. */
  readonly answerTimeoutMs?: number;
}

/** A runtime that holds names and sizes instead of images: for tests, the simulator, and a demo on a machine without one. */
export interface TwinRuntime extends ImageRuntime {
  readonly registry: TwinRegistry;
  /** Puts an image there without a pull, as `ctr images import` would. */
  add(image: ImageRef, sizeBytes?: number): void;
  /** Deletes an image behind everybody's back. */
  remove(image: ImageRef): void;
  has(image: ImageRef): boolean;
  /** Other things than images now take up so much. */
  setUsed(usedBytes: number): void;
  /** Running pulls fail, and everything throws RuntimeUnavailable until `start`. */
  stop(): void;
  /** Nothing is answered until `start`, `stop` or the caller's signal. */
  hang(): void;
  start(): void;
  /** Calls of `pull`, of one image or of all. */
  pulls(image?: ImageRef): number;
  /** Pulls that run now, one entry per call. */
  running(): readonly ImageRef[];
}

export function createTwinRuntime(options: TwinRuntimeOptions): TwinRuntime {
  const { clock, registry = createTwinRegistry(), version = { name: 'twin', version: '1.0.0' } } = options;
  const health = createTwinHealth(options);
  const downloads = createTwinDownloads(clock, offer => registry.send(offer));
  const store = createTwinImages(options, () => health.changed());
  const pulls = createCounter();
  const running: ImageRef[] = [];

  /** The bytes that this pull made the registry send. */
  async function fetch(
    image: ImageRef,
    auth: RegistryAuth | undefined,
    tell: (p: Progress) => void,
    signal: AbortSignal,
  ): Promise<number> {
    tell({ phase: 'resolving', doneBytes: 0, totalBytes: undefined });
    const offer = registry.offer(image, auth);
    if (store.find(image)?.digest === offer.digest) return 0;
    const bytes = store.has(offer) ? 0 : await downloads.join(offer, tell, signal);
    if (offer.failure === undefined || offer.failure.leavesPresent) store.hold(image, offer);
    if (offer.failure !== undefined) throw scriptedEnd(offer.failure, image, auth);
    return bytes;
  }

  return {
    registry,
    async version(signal) {
      await health.answer(signal);
      return version;
    },
    async look(images, signal) {
      await health.answer(signal);
      return new Map(images.map(image => [image, presenceOf(store.find(image))]));
    },
    async pull(image, auth, progress, signal) {
      pulls.add(image, 1);
      running.push(image);
      try {
        await health.take(signal);
        const bytes = await fetch(image, auth, progress, signal);
        return { countBytes: async () => bytes };
      } catch (error) {
        throw asPullFailure(error, image, signal);
      } finally {
        running.splice(running.indexOf(image), 1);
      }
    },
    async space(signal) {
      await health.answer(signal);
      return store.space();
    },
    changes: signal => health.changes(signal),
    add: (image, sizeBytes = 0) => store.hold(image, { digest: madeUpDigest(image, sizeBytes), sizeBytes }),
    remove: image => store.remove(image),
    has: image => store.find(image) !== undefined,
    setUsed: usedBytes => store.setUsed(usedBytes),
    stop() {
      health.become('down');
      downloads.stopAll(new RuntimeUnavailable('the twin of a runtime stopped in mid-pull'));
    },
    hang: () => health.become('hung'),
    start: () => health.become('up'),
    pulls: image => pulls.of(image),
    running: () => [...running],
  };
}

function presenceOf(held: Held | undefined): Presence {
  if (held === undefined) return { present: false };
  const { repository, digest, sizeBytes } = held;
  return { present: true, id: digest, sizeBytes, digests: [`${repository}@${digest}`] };
}

function asPullFailure(error: unknown, image: ImageRef, signal: AbortSignal): unknown {
  if (error instanceof RuntimeUnavailable)
    return new PullFailure('RuntimeUnavailable', error.message, { cause: error });
  if (signal.aborted) return new PullFailure('Cancelled', `${image}: the pull was cancelled`, { cause: error });
  return error;
}
