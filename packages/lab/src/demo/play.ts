import type { Act } from './acts/act.ts';
import type { Stage } from './stage/stage.ts';

/** Plays the acts in order, each announced; throws at the first that does not hold. */
export async function play(acts: readonly Act[], stage: Stage): Promise<void> {
  const { say } = stage.screen;
  for (const [n, act] of acts.entries()) {
    say(`\nAct ${n + 1}: ${act.title}`);
    const facts = await act.play(stage).catch((error: Error) => {
      throw new Error(`act ${n + 1} did not hold: ${error.message}`, { cause: error });
    });
    for (const fact of facts) say(`  held: ${fact}`);
  }
}
