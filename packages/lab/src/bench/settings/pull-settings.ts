import type { PullSettings } from '../../runtimes/index.ts';

const RANGED = { concurrent_layer_fetch_buffer: 16 * 1024 * 1024 };
const ALL = { ...RANGED, max_concurrent_downloads: 6, max_concurrent_unpacks: 4 };

interface Setting {
  /** A column of docs/runtime-settings.md. */
  readonly name: string;
  readonly pulls: PullSettings;
}

const BEFORE: Setting = { name: 'before: defaults', pulls: {} };
const AFTER: Setting = { name: 'after: both, and six downloads', pulls: { transfer: ALL } };

/** In the order of docs/runtime-settings.md. Only what is named differs from containerd's defaults. */
export const SETTINGS: readonly Setting[] = [
  BEFORE,
  { name: 'ranges of 16 MiB', pulls: { transfer: RANGED } },
  { name: 'four unpacks at once', pulls: { transfer: { max_concurrent_unpacks: 4 } } },
  AFTER,
  {
    name: "after, and six downloads in the CRI's section",
    pulls: { transfer: ALL, cri: { max_concurrent_downloads: 6 } },
  },
];

export interface Conditions {
  readonly name: string;
  readonly bytesPerSecond: number;
  readonly settings: readonly Setting[];
}

/** How fast the registry sends, and what is tried with it. */
export const REGISTRIES: readonly Conditions[] = [
  // What S3 documents for one request is 85 to 90 MB/s. Registries of clouds keep layers in such stores.
  { name: 'paced', bytesPerSecond: 90_000_000, settings: SETTINGS },
  { name: 'loopback', bytesPerSecond: 0, settings: [BEFORE, AFTER] },
];
