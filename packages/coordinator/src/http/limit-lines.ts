import type { Log } from '@kube-prefetch/process';
import type { Clock } from '@kube-prefetch/time';

/** Lines of one kind that are written at once; after them `perSecond`. */
const FROM_ONE = { burst: 20, perSecond: 1 };
const FROM_ALL = { burst: 100, perSecond: 10 };
/** Of a kind. Who has not been heard of for longest is forgotten: `FROM_ALL` holds all the same. */
const MAX_SOURCES = 256;
export const MAX_URL_LENGTH = 200;

type RequestFields = Readonly<Record<string, unknown>> & {
  readonly url: string;
  /** The address that asked. */
  readonly from: string;
};

type Level = 'debug' | 'info' | 'error';

/** Lines about requests. Strangers decide how many there are and what their URLs say, so both are bounded. */
export type RequestLog = (level: Level, kind: string, fields: RequestFields, message: string) => void;

/** Until when one's lines are used up. */
type Used = Map<string, number>;

export function limitLines(log: Log, clock: Clock): RequestLog {
  const kinds = new Map<string, { readonly sources: Used; readonly all: Used; skipped: number }>();

  return (level, kind, fields, message) => {
    const now = clock.monotonicMs();
    const key = `${level} ${kind}`;
    const lines = kinds.get(key) ?? { sources: new Map(), all: new Map(), skipped: 0 };
    kinds.set(key, lines);
    // Whoever has no line left takes none from the others.
    if (!take(lines.sources, fields.from, FROM_ONE, now) || !take(lines.all, 'all', FROM_ALL, now)) {
      lines.skipped += 1;
      return;
    }
    const { skipped } = lines;
    lines.skipped = 0;
    const url = fields.url.slice(0, MAX_URL_LENGTH);
    log[level]({ ...fields, url, ...(skipped > 0 && { skipped }) }, message);
  };
}

function take(used: Used, who: string, { burst, perSecond }: typeof FROM_ONE, now: number): boolean {
  const regainMs = 1_000 / perSecond;
  const untilMs = Math.max(used.get(who) ?? now, now) + regainMs;
  if (untilMs > now + burst * regainMs) return false;
  used.delete(who);
  used.set(who, untilMs);
  const [longestUnheard] = used.keys();
  if (used.size > MAX_SOURCES && longestUnheard !== undefined) used.delete(longestUnheard);
  return true;
}
