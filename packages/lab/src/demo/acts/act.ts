import type { Stage } from '../stage/stage.ts';

export interface Act {
  /** What it shows, in one line. */
  readonly title: string;
  /** Plays it and answers what was seen and measured, a line each; throws when it did not hold. */
  play(stage: Stage): Promise<readonly string[]>;
}
