import { jsonText } from '../json-members.ts';
import type { Decode } from './decode-strictly.ts';

/** A Duration of the Kubernetes API, `1h30m`, in milliseconds. */
export const duration: Decode<number> = (json, at, notes) => {
  const read = parseDuration(jsonText(json) ?? '');
  if (read === undefined) notes.problems.push(`${at} is no duration such as 1h30m or 0s`);
  return read ?? 0;
};

/** Go's time.ParseDuration. It has no bound of length; what is longer here says nothing sensible. */
function parseDuration(text: string): number | undefined {
  const [, sign, rest = ''] = /^([-+]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return 0;
  if (rest.length > MAX_LENGTH || !/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(rest)) return undefined;
  let ns = 0;
  for (const [, number, unit] of rest.matchAll(/([\d.]+)([a-zµμ]+)/g))
    ns += Number(number) * (NANOSECONDS.get(unit ?? '') ?? 0);
  return ns >= MAX_NANOSECONDS ? undefined : ((sign === '-' ? -1 : 1) * ns) / 1_000_000;
}

const MAX_LENGTH = 200;
/** 292 years: Go counts in 64 bits. */
const MAX_NANOSECONDS = 2 ** 63;

const NANOSECONDS: ReadonlyMap<string, number> = new Map([
  ['ns', 1],
  ['us', 1_000],
  ['µs', 1_000],
  ['μs', 1_000],
  ['ms', 1_000_000],
  ['s', 1_000_000_000],
  ['m', 60_000_000_000],
  ['h', 3_600_000_000_000],
]);
