import type { Life } from './make-certificate.ts';

/** The lives of the authorities that are kept. */
export interface KeptLives {
  readonly current: Life;
  readonly next?: Life | undefined;
  readonly previous?: Life | undefined;
}

/**
 * | what is kept                                              | step                                                    |
 * | --------------------------------------------------------- | ------------------------------------------------------- |
 * | a previous authority that has ended                       | forget: agents need not trust it any more               |
 * | a next authority that agents have trusted for `overlapMs` | promote: it signs from now on, the other one is trusted |
 * | no next one, in the last third of the life of the current | prepare: make the next one, and have agents trust it    |
 * | anything else                                             | –                                                       |
 */
export function decideRenewal(
  { current, next, previous }: KeptLives,
  overlapMs: number,
  now: number,
): 'forget' | 'promote' | 'prepare' | undefined {
  if (previous !== undefined && now >= previous.untilMs) return 'forget';
  if (next !== undefined) return now >= next.fromMs + overlapMs ? 'promote' : undefined;
  return now >= current.untilMs - (current.untilMs - current.fromMs) / 3 ? 'prepare' : undefined;
}
