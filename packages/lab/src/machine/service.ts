import { type CommandPrefix, THIS_MACHINE, withPrefix } from './run-program.ts';
import { type Child, type ChildOptions, startChild } from './start-child.ts';
import { type Met, waitUntil } from './wait-until.ts';

export interface ServerOptions<T> extends ChildOptions {
  /** What is waited for, in an error. */
  readonly serves: string;
  readonly ready: () => T | Promise<T>;
  readonly readyMs: number;
  readonly signal?: AbortSignal;
}

/** A child that counts as started once `ready` is met, with its answer; one that never gets there is ended. */
export async function startServer<T>(options: ServerOptions<T>): Promise<{ child: Child; answer: Met<T> }> {
  const { ready, serves, readyMs, signal } = options;
  const child = await startChild(options);
  try {
    return { child, answer: await waitUntil(ready, serves, readyMs, { child, signal }) };
  } catch (error) {
    await child.kill();
    throw error;
  }
}

export interface ServiceOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly logFile: string;
  readonly prefix?: CommandPrefix;
  /** Started counts as ready without it. */
  readonly ready?: () => Promise<unknown>;
  readonly readyMs?: number;
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs?: number;
}

/** A program that runs until it is stopped, and can be started again with the same arguments. */
export interface Service {
  readonly name: string;
  readonly logFile: string;
  pid(): number;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** SIGKILL: a crash. */
  kill(): Promise<void>;
  /** SIGSTOP: it hangs, its sockets stay open. */
  pause(): void;
  resume(): void;
}

const READY_MS = 180_000;

export function createService(options: ServiceOptions): Service {
  const { name, logFile, prefix = THIS_MACHINE, ready = async () => true, readyMs = READY_MS, env } = options;
  const line = withPrefix(prefix, options.command, options.args);
  let child: Child | undefined;

  const service: Service = {
    name,
    logFile,
    pid: () => running().pid,
    async start() {
      const server = { name, ...line, env, logFile, readyMs, serves: name };
      ({ child } = await startServer({ ...server, ready: async () => (await ready()) !== false }));
    },
    async stop() {
      if (child?.running()) service.resume(); // a stopped process does not hear SIGTERM
      await child?.stop(options.graceMs);
    },
    async kill() {
      await child?.kill();
    },
    pause: () => void process.kill(running().pid, 'SIGSTOP'),
    resume: () => void process.kill(running().pid, 'SIGCONT'),
  };
  return service;

  function running(): Child {
    if (child === undefined) throw new Error(`${name} was not started yet`);
    return child;
  }
}
