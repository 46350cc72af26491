import process from 'node:process';
import { ApiError, errorText } from '@kube-prefetch/protocol';
import { systemClock as clock } from '@kube-prefetch/time';
import { CommanderError } from 'commander';
import { completeNames } from './completion/completed-names.ts';
import { KubeRefusal } from './connect/kube.ts';
import { CliError, EXIT } from './print/cli-error.ts';
import { createTerminal } from './print/terminal.ts';
import { createProgram } from './program.ts';

const terminal = createTerminal(process);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => stop.abort(new Interrupted(signal)));
}
// Whoever reads may have enough: kubectl prefetch status | head.
process.stdout.on('error', () => process.exit(EXIT.error));

class Interrupted extends Error {}

try {
  const surroundings = { terminal, clock, signal: stop.signal };
  const [, , command, , ...words] = process.argv;
  // What a shell asks while somebody types: `complete -- status pf/`.
  const names = command === 'complete' ? await completeNames(words, surroundings) : undefined;
  await createProgram(surroundings, names).parseAsync(process.argv);
} catch (error) {
  process.exitCode = end(error);
}
// A connection that is still open is of no more use.
process.exit();

function end(error: unknown): number {
  if (error instanceof Interrupted || stop.signal.aborted) return EXIT.interrupted;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const { paintErr } = terminal;
  const detailed = error instanceof ApiError || error instanceof CliError || error instanceof KubeRefusal;
  terminal.err(
    `${paintErr('bad', 'error:')} ${detailed ? errorText(error) : String((error as Error).stack ?? error)}\n`,
  );
  const hints = error instanceof CliError ? error.hints : error instanceof ApiError ? error.details : [];
  for (const hint of hints) terminal.err(`  ${hint}\n`);
  return error instanceof CliError ? error.exitCode : EXIT.error;
}
