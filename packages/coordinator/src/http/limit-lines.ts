import type { Log } from '@kube-prefetch/process';
import type { Clock } from '@kube-prefetch/time';

/** Lines of one kind that are written at once; after them one in each `REGAIN_MS`. */
const BURST = 20;
const REGAIN_MS = 1_000;
export const MAX_URL_LENGTH = 200;

type RequestFields = Readonly<Record<string, unknown>> & { readonly url: string };

type Level = 'debug' | 'info' | 'error';

/** Lines about requests. Strangers decide how many there are and what their URLs say, so both are bounded. */
export type RequestLog = (level: Level, kind: string, fields: RequestFields, message: string) => void;

export function limitLines(log: Log, clock: Clock): RequestLog {
  const kinds = new Map<string, { untilMs: number; skipped: number }>();

  return (level, kind, fields, message) => {
    const now = clock.monotonicMs();
    const key = `${level} ${kind}`;
    const { untilMs, skipped } = kinds.get(key) ?? { untilMs: now, skipped: 0 };
    const nextMs = Math.max(untilMs, now) + REGAIN_MS;
    if (nextMs > now + BURST * REGAIN_MS) {
      kinds.set(key, { untilMs, skipped: skipped + 1 });
      return;
    }
    kinds.set(key, { untilMs: nextMs, skipped: 0 });
    const url = fields.url.slice(0, MAX_URL_LENGTH);
    log[level]({ ...fields, url, ...(skipped > 0 && { skipped }) }, message);
  };
}
