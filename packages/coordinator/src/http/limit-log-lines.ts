import type { Log } from '@kube-prefetch/process';
import { type Clock, createRates, type Rates } from '@kube-prefetch/time';

/** Lines of one kind. */
const FROM_ONE = { burst: 20, perSecond: 1, most: 256 };
const FROM_ALL = { burst: 100, perSecond: 10, most: 1 };
export const MAX_URL_LENGTH = 200;

type RequestFields = Readonly<Record<string, unknown>> & {
  readonly url: string;
  /** The address that asked. */
  readonly from: string;
};

type Level = 'debug' | 'info' | 'error';

/** Lines about requests. Strangers decide how many there are and what their URLs say, so both are bounded. */
export type RequestLog = (level: Level, kind: string, fields: RequestFields, message: string) => void;

export function limitLines(log: Log, clock: Clock): RequestLog {
  const kinds = new Map<string, { readonly fromOne: Rates; readonly fromAll: Rates; skipped: number }>();

  return (level, kind, fields, message) => {
    const now = clock.monotonicMs();
    const key = `${level} ${kind}`;
    const lines = kinds.get(key) ?? { fromOne: createRates(FROM_ONE), fromAll: createRates(FROM_ALL), skipped: 0 };
    kinds.set(key, lines);
    // Whoever has no line left takes none from the others.
    if (!lines.fromOne(fields.from, now) || !lines.fromAll('all', now)) {
      lines.skipped += 1;
      return;
    }
    const { skipped } = lines;
    lines.skipped = 0;
    const url = fields.url.slice(0, MAX_URL_LENGTH);
    log[level]({ ...fields, url, ...(skipped > 0 && { skipped }) }, message);
  };
}
