const MAX_GAPS = 100;

/** What is wrong may be wrong ten thousand times. */
export function boundGaps(gaps: readonly string[]): readonly string[] {
  return gaps.length <= MAX_GAPS ? gaps : [...gaps.slice(0, MAX_GAPS), `and ${gaps.length - MAX_GAPS} more problems`];
}
