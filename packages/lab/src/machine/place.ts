import { runProgram, type RunOptions } from './run-program.ts';

/** Where a program runs: this machine itself, or namespaces of it. */
export interface Place {
  /** The command line that runs a command line there, as the same process. */
  enter(command: string, args: readonly string[]): { readonly command: string; readonly args: readonly string[] };
}

export const THIS_MACHINE: Place = { enter: (command, args) => ({ command, args }) };

/** The place whose programs start with `prefix`. */
export function placeBehind(...prefix: readonly [string, ...string[]]): Place {
  const [first, ...rest] = prefix;
  return { enter: (command, args) => ({ command: first, args: [...rest, command, ...args] }) };
}

export function runIn(place: Place, command: string, args: readonly string[], options?: RunOptions): Promise<string> {
  const line = place.enter(command, args);
  return runProgram(line.command, line.args, options);
}
