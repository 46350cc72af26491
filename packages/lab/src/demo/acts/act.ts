import type { Stage } from '../stage/stage.ts';

export interface Act {
  /** What it shows, in one line. */
  readonly title: string;
  /** Throws when it did not hold. */
  play(stage: Stage): Promise<Outcome>;
}

export interface Outcome {
  /** What was seen, a sentence each. */
  readonly held: readonly string[];
  /** Figures for the summary: what, and how much. */
  readonly measured: readonly (readonly [string, string])[];
  /** What this ground could not show. */
  readonly notShown?: string;
}
