import { normaliseReference, parseReference } from '@kube-prefetch/protocol';
import { type Clock, withDeadline } from '@kube-prefetch/time';
import type { Progress } from '../image-runtime.ts';
import type { Info } from './generated/containerd_content_pb.ts';
import type { DownloadWatch } from './pull-image.ts';
import {
  type BlobReader,
  type ContentClient,
  type ImageLayer,
  childrenOf,
  listBlobs,
  listRepository,
  readDownloads,
  readLayers,
} from './read-content.ts';

const LOOK_EVERY_MS = 750;
const COUNT_WITHIN_MS = 10_000;

export interface ContentReaders {
  readonly content: ContentClient;
  /** Shared by all pulls: those that end together are counted together. */
  readonly readBlobs: BlobReader;
}

/**
 * CRI says nothing about a running pull, but containerd's own API, on the same socket, lists the blobs that are being
 * written. The registry is never asked. Begin it before the pull: what is older was not downloaded by it.
 */
export function watchDownload({ content, readBlobs }: ContentReaders, image: string, clock: Clock): DownloadWatch {
  const startedMs = clock.wallMs();
  const seenDownloading = new Set<string>();
  const finished = new Set<string>();
  let layers: readonly ImageLayer[] | undefined;
  let doneBytes = 0;

  async function lookOnce(signal: AbortSignal): Promise<Progress> {
    const downloads = await readDownloads(content, signal);
    layers ??= await findLayers(content, image, downloads, startedMs, signal);
    if (layers === undefined) return { phase: 'resolving', doneBytes: 0, totalBytes: undefined };
    const digests = layers.map(({ digest }) => digest);
    for (const digest of digests) if (downloads.has(digest)) seenDownloading.add(digest);
    const others = digests.filter(digest => !downloads.has(digest) && !finished.has(digest));
    for (const digest of (await listBlobs(content, others, signal)).keys()) finished.add(digest);
    const progress = measureDownload(layers, finished, downloads);
    // A download that another pull took over after a cancel starts again from less.
    doneBytes = Math.max(doneBytes, progress.doneBytes);
    return { ...progress, doneBytes };
  }

  return {
    async follow(progress, signal) {
      while (await sleepUnlessOver(clock, signal)) {
        const seen = await lookOnce(signal).catch(() => undefined); // one look that failed is no end of the pull
        if (seen !== undefined) progress(seen);
      }
    },
    async countBytes(digests, signal) {
      try {
        const infos = await withDeadline(clock, COUNT_WITHIN_MS, signal, 'counting bytes', signal =>
          imageBlobs(readBlobs, image, digests, signal),
        );
        return sum(infos.filter(info => createdMs(info) >= startedMs || seenDownloading.has(info.digest)));
      } catch {
        return undefined;
      }
    },
  };
}

async function sleepUnlessOver(clock: Clock, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(LOOK_EVERY_MS, signal);
    return true;
  } catch {
    return false;
  }
}

/** Of the manifest in this repository that the running pull has chosen, or undefined while that cannot be told. */
async function findLayers(
  content: ContentClient,
  image: string,
  downloads: ReadonlyMap<string, number>,
  startedMs: number,
  signal: AbortSignal,
): Promise<readonly ImageLayer[] | undefined> {
  const manifests = (await listRepository(content, repositoryOf(image), signal))
    .filter(info => childrenOf(info, 'l').length > 0)
    .sort((a, b) => createdMs(b) - createdMs(a));
  const chosen =
    manifests.find(info => childrenOf(info, 'l').some(digest => downloads.has(digest))) ??
    manifests.find(info => createdMs(info) >= startedMs);
  return chosen && readLayers(content, chosen.digest, signal);
}

/**
 * Everything that the content store holds of a present image: of an index, only the manifest that was chosen is there. Blobs are
 * found by what refers to them: containerd notes no second repository on a layer that it need not fetch.
 */
async function imageBlobs(
  readBlobs: BlobReader,
  image: string,
  repoDigests: readonly string[],
  signal: AbortSignal,
): Promise<readonly Info[]> {
  const name = normaliseReference(image)
    .replace(/@.*$/, '')
    .replace(/:[^/]*$/, '');
  const found = new Map<string, Info>();
  let level = repoDigests.filter(digest => digest.startsWith(`${name}@`)).map(digest => digest.slice(name.length + 1));
  while (level.length > 0) {
    const blobs = await readBlobs(level, signal);
    const there = level.flatMap(digest => blobs.get(digest) ?? []);
    for (const info of there) found.set(info.digest, info);
    level = there
      .flatMap(info => [...childrenOf(info, 'm'), ...childrenOf(info, 'config'), ...childrenOf(info, 'l')])
      .filter(digest => !found.has(digest));
  }
  return [...found.values()];
}

/** containerd labels blobs with the host without its port. */
function repositoryOf(image: string): { host: string; path: string } {
  const { domain = '', path } = parseReference(normaliseReference(image));
  return { host: domain.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'), path };
}

function createdMs({ createdAt }: Info): number {
  return createdAt === undefined ? 0 : Number(createdAt.seconds) * 1000 + createdAt.nanos / 1e6;
}

function sum(infos: readonly Info[]): number {
  return infos.reduce((total, { size }) => total + Number(size), 0);
}

/** How far an image is: `finished` layers are on the disk, `downloads` says what has arrived of those that are not. */
export function measureDownload(
  layers: readonly ImageLayer[],
  finished: ReadonlySet<string>,
  downloads: ReadonlyMap<string, number>,
): Progress {
  let doneBytes = 0;
  let totalBytes = 0;
  for (const { digest, sizeBytes } of layers) {
    totalBytes += sizeBytes;
    doneBytes += finished.has(digest) ? sizeBytes : Math.min(sizeBytes, downloads.get(digest) ?? 0);
  }
  const phase = layers.every(({ digest }) => finished.has(digest)) ? 'unpacking' : 'downloading';
  return { phase, doneBytes, totalBytes };
}
