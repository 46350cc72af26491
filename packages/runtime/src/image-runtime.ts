import type { FailureKind, ImageRef } from '@kube-prefetch/protocol';

/** A node's container runtime, asked about images under the exact reference that a pod would use. */
export interface ImageRuntime {
  /** Who answers on the socket, or answered on the connection that still stands. Throws RuntimeUnavailable. */
  version(signal: AbortSignal): Promise<RuntimeVersion>;
  /** Every image answered, as the runtime says now, or RuntimeUnavailable thrown: a failed look is never an absent image. */
  look(images: readonly ImageRef[], signal: AbortSignal): Promise<ReadonlyMap<ImageRef, Presence>>;
  /** Resolves when the image is usable; throws PullFailure. Aborting the signal makes the runtime stop downloading. */
  pull(
    image: ImageRef,
    auth: RegistryAuth | undefined,
    progress: (progress: Progress) => void,
    signal: AbortSignal,
  ): Promise<Pulled>;
  /**
   * Of the file system that holds the images, as it is now; 'unknown' where it cannot be seen from here. Throws
   * RuntimeUnavailable where the runtime has yet to say which one that is.
   */
  space(signal: AbortSignal): Promise<Space | 'unknown'>;
  /**
   * Yields once when it has begun to listen, then when images may have changed; returns when the signal aborts, throws
   * RuntimeUnavailable when the stream ends.
   */
  changes(signal: AbortSignal): AsyncIterable<void> | 'unsupported';
}

/** As the runtime says it: `containerd`, `1.6.20~ds1`. */
export interface RuntimeVersion {
  readonly name: string;
  readonly version: string;
}

export type Presence = { readonly present: false } | PresentImage;

export interface PresentImage {
  readonly present: true;
  readonly id: string;
  /** As the runtime counts: containerd compressed, Docker unpacked. */
  readonly sizeBytes: number;
  /** `repository@sha256:…`; empty for an image that came from no registry. */
  readonly digests: readonly string[];
}

export interface RegistryAuth {
  readonly username: string;
  readonly password: string;
  /** What a registry gave for them, in their place; containerd and Docker Engine take it. */
  readonly identityToken?: string;
}

/** Only rises within one pull, except `totalBytes`, which some runtimes learn layer by layer. */
export interface Progress {
  /** `unpacking`: no bytes are expected to arrive any more. */
  readonly phase: 'resolving' | 'downloading' | 'unpacking';
  readonly doneBytes: number;
  readonly totalBytes: number | undefined;
}

export interface Pulled {
  /**
   * Bytes that came from the registry as far as the runtime lets us see; undefined where it does not say. Counted when
   * asked, because that may be a question per blob. Never rejects.
   */
  countBytes(signal: AbortSignal): Promise<number | undefined>;
}

export interface Space {
  readonly usedBytes: number;
  readonly capacityBytes: number;
}

export class PullFailure extends Error {
  override readonly name = 'PullFailure';
  readonly kind: FailureKind;

  /** `message` has been scrubbed of credentials. */
  constructor(kind: FailureKind, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}

export class RuntimeUnavailable extends Error {
  override readonly name = 'RuntimeUnavailable';
}
