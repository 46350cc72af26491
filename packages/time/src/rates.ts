export interface RateBounds {
  /** At once; after them `perSecond`. */
  readonly burst: number;
  readonly perSecond: number;
  /** How many are known. Who took nothing for longest is forgotten, and begins anew. */
  readonly most: number;
}

/** Whether somebody may do once more what has a rate for each. Takes it, if so; a refusal costs nothing. */
export type Rates = (who: string, now: number) => boolean;

export function createRates({ burst, perSecond, most }: RateBounds): Rates {
  const regainMs = 1_000 / perSecond;
  /** Until when what one may is used up. */
  const used = new Map<string, number>();

  return (who, now) => {
    const untilMs = Math.max(used.get(who) ?? now, now) + regainMs;
    if (untilMs > now + burst * regainMs) return false;
    used.delete(who);
    used.set(who, untilMs);
    const [longest] = used.keys();
    if (used.size > most && longest !== undefined) used.delete(longest);
    return true;
  };
}
