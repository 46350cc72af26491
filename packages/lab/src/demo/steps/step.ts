import type { DemoSystem } from '../system/system.ts';

export interface Step {
  /** What it shows, in one line. */
  readonly title: string;
  /** Throws when it did not hold. */
  show(system: DemoSystem): Promise<Outcome>;
}

export interface Outcome {
  /** What was seen, a sentence each. */
  readonly held: readonly string[];
  /** Figures for the summary: what, and how much. */
  readonly measured: readonly (readonly [string, string])[];
  /** What this infrastructure could not show. */
  readonly notShown?: string;
}

/** Shows the steps in order, each announced; throws at the first that does not hold. */
export async function showSteps(steps: readonly Step[], system: DemoSystem): Promise<readonly Outcome[]> {
  const { say } = system.screen;
  const outcomes: Outcome[] = [];
  for (const [n, step] of steps.entries()) {
    say(`\nStep ${n + 1}: ${step.title}`);
    const outcome = await step.show(system).catch((error: Error) => {
      throw new Error(`step ${n + 1} did not hold: ${error.message}`, { cause: error });
    });
    await system.fleet(); // the table shows what this step ended with, before the next begins
    for (const sentence of outcome.held) say(`  held: ${sentence}`);
    if (outcome.notShown !== undefined) say(`  not shown: ${outcome.notShown}`);
    outcomes.push(outcome);
  }
  return outcomes;
}
