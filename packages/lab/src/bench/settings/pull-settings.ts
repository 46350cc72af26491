import type { PullSettings } from '../../runtimes/index.ts';

const RANGED = { concurrent_layer_fetch_buffer: 16 * 1024 * 1024 };
const ALL = { ...RANGED, max_concurrent_downloads: 6, max_concurrent_unpacks: 4 };

interface Setting {
  readonly name: string;
  readonly pulls: PullSettings;
}

const BEFORE: Setting = { name: 'defaults', pulls: {} };
const AFTER: Setting = { name: 'all of them, and six downloads at once', pulls: { transfer: ALL } };

/** In the order of docs/runtime-settings.md. Only what is named differs from containerd's defaults. */
const EACH: readonly Setting[] = [
  BEFORE,
  { name: 'ranges of 16 MiB', pulls: { transfer: RANGED } },
  { name: 'four unpacks at once', pulls: { transfer: { max_concurrent_unpacks: 4 } } },
  AFTER,
  {
    name: "the same, and six downloads at once of the CRI's own",
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
  { name: '90 MB/s for each connection', bytesPerSecond: 90_000_000, settings: EACH },
  { name: 'loopback without a limit', bytesPerSecond: 0, settings: [BEFORE, AFTER] },
];
