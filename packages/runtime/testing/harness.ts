import type { FailureKind } from '@kube-prefetch/protocol';
import type { ImageRuntime, RegistryAuth } from '../src/index.ts';
import type { FailureCase } from './failure-tests.ts';

/** A runtime, the registry it pulls from, and hands to do what happens to both in real life. */
export interface RuntimeHarness {
  /** Gives up a question that is not answered within a few seconds. */
  readonly runtime: ImageRuntime;
  publish(image: ImageToPublish): Promise<Published>;
  /** Has its `:v1` stand for something else: another index of several platforms. */
  move(image: Published, to: MovedTo): Promise<Published>;
  /** How many requests of any kind the registry got for it. */
  requests(image: Published): number;
  /** How often its layer was asked for. */
  downloads(image: Published): number;
  /** Resolves when the registry has been asked for anything of it. */
  asked(image: Published): Promise<void>;
  /** Resolves when the registry has been asked for its layer. */
  downloading(image: Published): Promise<void>;
  /** Resolves when nobody reads its layer any more, though the registry still had bytes to send. */
  hungUp(image: Published): Promise<void>;
  /** Deletes it behind the adapter's back. */
  remove(reference: string): Promise<void>;
  stop(): Promise<void>;
  crash(): Promise<void>;
  /** After stop or crash: the same socket, the same images. */
  start(): Promise<void>;
  /** The socket takes connections, and nobody answers until `resume`. */
  hang(): Promise<void>;
  resume(): Promise<void>;
  close(): Promise<void>;
}

/** An image without a shell, of one layer that does not compress; there as `:v1` and as `:latest`. */
export interface ImageToPublish {
  /** Of the layer; 64 KiB if absent. */
  readonly sizeBytes?: number;
  readonly form?: ImageForm;
  readonly trouble?: RegistryTrouble;
  readonly bytesPerSecond?: number;
  /** Nobody else may pull it. */
  readonly credentials?: RegistryAuth;
  /** Where the runtime would look for a name without a host. */
  readonly short?: boolean;
}

/** What it has for this machine's platform: other contents, or the same image as before. */
export const MOVES = ['other contents', 'another index of the same image'] as const;
export type MovedTo = (typeof MOVES)[number];

export type ImageForm = 'one platform' | 'several platforms' | 'another platform' | 'artifact' | 'web page';

export type RegistryTrouble =
  /** 403 with a text that repeats the credentials it got. */
  | 'forbids'
  /** 429 with Retry-After. */
  | 'limits'
  /** 500 */
  | 'fails'
  /** No answer at all. */
  | 'silent'
  /** Half of the layer, then nothing more on an open connection. */
  | 'stalls'
  /** Half of the layer, then the connection ends; no second try gets further. */
  | 'cuts'
  /** Wrong bytes for the layer. */
  | 'corrupts'
  /** The manifest names a layer that is not there. */
  | 'lost layer';

export interface Published {
  /** `host/repository`, or a name without a host. */
  readonly name: string;
  /** `name:v1` */
  readonly reference: string;
  readonly digest: string;
  readonly sizeBytes: number;
}

/** Where a runtime behaves on purpose unlike the others: every difference says why. */
export interface RuntimeTraits {
  readonly differences?: Partial<Record<FailureCase, Difference>>;
  /** Names without a host come from the suite's registry too. */
  readonly pullsShortNames?: boolean;
  /** `name:tag@digest` also makes `name:tag` present. */
  readonly keepsTagBesideDigest?: boolean;
  /** Pulls of one image at once each download it. */
  readonly downloadsForEach?: boolean;
  readonly tellsProgress?: boolean;
  /** `countBytes` answers, and exact but for manifests. */
  readonly countsBytes?: boolean;
  readonly tellsChanges?: boolean;
}

export interface Difference {
  /** `hangs`: only cancelling ends the pull. */
  readonly outcome: FailureKind | 'pulled' | 'hangs';
  /** The failed image is present all the same. */
  readonly leavesPresent?: boolean;
  readonly because: string;
}
