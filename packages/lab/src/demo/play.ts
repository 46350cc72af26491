import type { Act, Outcome } from './acts/act.ts';
import type { Stage } from './stage/stage.ts';

/** Plays the acts in order, each announced; throws at the first that does not hold. */
export async function play(acts: readonly Act[], stage: Stage): Promise<readonly Outcome[]> {
  const { say } = stage.screen;
  const outcomes: Outcome[] = [];
  for (const [n, act] of acts.entries()) {
    say(`\nAct ${n + 1}: ${act.title}`);
    const outcome = await act.play(stage).catch((error: Error) => {
      throw new Error(`act ${n + 1} did not hold: ${error.message}`, { cause: error });
    });
    await stage.fleet(); // the table shows what this act ended with, before the next begins
    for (const sentence of outcome.held) say(`  held: ${sentence}`);
    if (outcome.notShown !== undefined) say(`  not shown: ${outcome.notShown}`);
    outcomes.push(outcome);
  }
  return outcomes;
}
