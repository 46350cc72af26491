import { type Clock, untilAborted } from '@kube-prefetch/time';
import type { Progress } from '../../src/image-runtime.ts';
import type { Offer } from './registry.ts';

const STEP_MS = 100;

/** Downloads that run now: who wants contents that are already on their way waits for them. */
export interface TwinDownloads {
  /**
   * Resolves when the contents are here, with the bytes that this call, not another, made the registry send. The download
   * stops when all who wait for it have aborted.
   */
  join(offer: Offer, tell: (progress: Progress) => void, signal: AbortSignal): Promise<number>;
  /** All end with the reason. */
  stopAll(reason: Error): void;
}

interface Download {
  readonly stop: AbortController;
  readonly done: Promise<void>;
  readonly listeners: Set<(progress: Progress) => void>;
}

/** `send` says that the registry begins to send; what it answers, that it no longer does. */
export function createTwinDownloads(clock: Clock, send: (offer: Offer) => () => void): TwinDownloads {
  const running = new Map<string, Download>();

  function start(offer: Offer): Download {
    const listeners: Download['listeners'] = new Set();
    const stop = new AbortController();
    const done = transfer(clock, offer, progress => listeners.forEach(tell => tell(progress)), stop.signal);
    const download = { stop, done, listeners };
    const sent = send(offer);
    const leave = () => {
      sent();
      forget(offer, download);
    };
    done.then(leave, leave);
    running.set(offer.digest, download);
    return download;
  }

  function forget({ digest }: Offer, download: Download): void {
    if (running.get(digest) === download) running.delete(digest);
  }

  return {
    async join(offer, tell, signal) {
      const joined = running.get(offer.digest);
      const download = joined ?? start(offer);
      const listener = (progress: Progress) => tell(progress); // two callers may give one function
      download.listeners.add(listener);
      try {
        await untilAborted(download.done, signal);
        return joined === undefined ? offer.sizeBytes : 0;
      } finally {
        download.listeners.delete(listener);
        if (download.listeners.size === 0) {
          forget(offer, download);
          download.stop.abort();
        }
      }
    },
    stopAll(reason) {
      for (const download of running.values()) download.stop.abort(reason);
      running.clear();
    },
  };
}

/** Ends where the offer's failure or stall wants it to. */
async function transfer(
  clock: Clock,
  offer: Offer,
  tell: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<void> {
  const { sizeBytes, bytesPerSecond = Infinity, stallAfterBytes = Infinity, unpackMs = 0, failure } = offer;
  const endBytes = Math.min(sizeBytes, stallAfterBytes, failure?.afterBytes ?? Infinity);
  await Promise.resolve(); // whoever starts the download listens from its first word
  for (let doneBytes = 0; ; ) {
    tell({ phase: 'downloading', doneBytes, totalBytes: sizeBytes });
    const stepBytes = Math.min(endBytes - doneBytes, (bytesPerSecond * STEP_MS) / 1000);
    if (stepBytes <= 0) break;
    if (bytesPerSecond < Infinity) await clock.sleep((stepBytes / bytesPerSecond) * 1000, signal);
    doneBytes += stepBytes;
  }
  if (failure !== undefined) return;
  if (stallAfterBytes < sizeBytes) await clock.sleep(Infinity, signal);
  tell({ phase: 'unpacking', doneBytes: sizeBytes, totalBytes: sizeBytes });
  if (unpackMs > 0) await clock.sleep(unpackMs, signal);
}
