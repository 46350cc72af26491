import type { Program } from './print-help.ts';
import { ConfigProblems, readConfig } from './read-config.ts';
import type { Config, Settings } from './setting.ts';

/**
 * What a `main.ts` calls: prints help and ends the process with 0, or all problems and ends it with 2. `problemsOf` tells
 * those of settings that are right one by one.
 */
export function readConfigOrExit<const R extends Settings>(
  rows: R,
  program: Program,
  problemsOf: (config: Config<R>) => readonly string[] = () => [],
): Config<R> {
  try {
    const config = readConfig(rows, { program, argv: process.argv.slice(2), env: process.env });
    if (!('help' in config)) {
      const problems = problemsOf(config);
      if (problems.length > 0) throw new ConfigProblems(problems);
      return config;
    }
    process.stdout.write((config as { help: string }).help);
    process.exit(0);
  } catch (error) {
    if (!(error instanceof ConfigProblems)) throw error;
    process.stderr.write(`${error.problems.map(problem => `${program.name}: ${problem}`).join('\n')}\n`);
    process.exit(2);
  }
}
