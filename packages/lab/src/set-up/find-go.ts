import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findProgram } from './find-program.ts';

const run = promisify(execFile);
/** The first with `go get -tool`. */
const OLDEST_MINOR = 24;
const HOW_TO_GET_IT = `Install Go 1.${OLDEST_MINOR} or newer from https://go.dev/dl/ to /usr/local/go, or put it on PATH.`;

export interface Go {
  /** `go1.26.8` */
  readonly version: string;
  /** Runs a go command and answers its standard output; throws with what it said. */
  run(args: readonly string[], cwd: string): Promise<string>;
}

export async function findGo(): Promise<Go> {
  const program = findProgram('go');
  if (program === undefined) throw new Error(`no Go on this machine. ${HOW_TO_GET_IT}`);
  const { stdout } = await run(program, ['env', 'GOVERSION']);
  const version = stdout.trim();
  const minor = Number(/^go1\.(\d+)/.exec(version)?.[1] ?? 0);
  if (minor < OLDEST_MINOR)
    throw new Error(`expected Go 1.${OLDEST_MINOR} or newer, ${program} is ${version}. ${HOW_TO_GET_IT}`);
  return { version, run: (args, cwd) => runGo(program, args, cwd) };
}

async function runGo(program: string, args: readonly string[], cwd: string): Promise<string> {
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false', GOWORK: 'off' };
  try {
    const { stdout } = await run(program, args, { cwd, env, maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(`go ${args.join(' ')} failed: ${stderr?.trim() || String(error)}`, { cause: error });
  }
}
