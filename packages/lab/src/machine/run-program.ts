import { execFile } from 'node:child_process';

/** What a command line begins with to run somewhere else, `nsenter …` for namespaces; nothing for this machine itself. */
export type CommandPrefix = readonly string[];

export const THIS_MACHINE: CommandPrefix = [];

export function withPrefix(prefix: CommandPrefix, command: string, args: readonly string[]) {
  const [first = command, ...rest] = [...prefix, command, ...args];
  return { command: first, args: rest };
}

export function runIn(
  prefix: CommandPrefix,
  command: string,
  args: readonly string[],
  options?: RunOptions,
): Promise<string> {
  const line = withPrefix(prefix, command, args);
  return runProgram(line.command, line.args, options);
}

export interface RunOptions {
  readonly input?: string;
  /** On top of our own. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly signal?: AbortSignal;
}

/** Runs a program to its end and answers its standard output; throws with what it said. */
export function runProgram(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { input = '', env, cwd, signal } = options;
  return new Promise((resolve, reject) => {
    const settings = { env: { ...process.env, ...env }, cwd, signal, maxBuffer: 256 * 1024 * 1024 };
    const child = execFile(command, args, settings, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else
        reject(
          new Error(`${[command, ...args].join(' ')} failed: ${stderr.trim() || error.message}`, { cause: error }),
        );
    });
    child.stdin?.on('error', () => {}); // it need not read its input
    child.stdin?.end(input);
  });
}
