import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { guardAgainstOurEnd } from '../../machine/index.ts';

export interface WorkerOptions {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly logFile: string;
}

/** A Node process that answers questions, and dies with us however we end. */
export interface Worker {
  readonly pid: number;
  /** Rejects where the process ends first. */
  ask<Answer>(question: Question): Promise<Answer>;
  /** SIGTERM, and SIGKILL where that is not enough; resolves when it is gone. */
  stop(): Promise<void>;
}

export interface Question {
  readonly do: string;
  readonly [field: string]: unknown;
}

const GRACE_MS = 15_000;

export async function startWorker({ name, args, env, logFile }: WorkerOptions): Promise<Worker> {
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    serialization: 'advanced',
  });
  closeSync(log);
  const pid = child.pid;
  if (pid === undefined) throw new Error(`could not start ${name}`);
  const release = guardAgainstOurEnd({ kind: 'group', value: String(pid) });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let asked = 0;
  child.on('message', message => {
    const { id, answer, error } = message as { id: number; answer?: unknown; error?: string };
    const waits = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) waits?.resolve(answer);
    else waits?.reject(new Error(`${name}: ${error}`));
  });
  const exited = new Promise<void>(resolve => {
    child.once('exit', (code, signal) => {
      release();
      for (const waits of waiting.values())
        waits.reject(new Error(`${name} ended with ${code ?? signal}; its log is ${logFile}`));
      waiting.clear();
      resolve();
    });
  });
  return {
    pid,
    ask<Answer>(question: Question) {
      const waits = Promise.withResolvers<unknown>();
      asked += 1;
      waiting.set(asked, waits);
      child.send({ ...question, id: asked }, error => {
        if (error !== null) waits.reject(new Error(`${name} takes no questions: ${error.message}`));
      });
      return waits.promise as Promise<Answer>;
    },
    async stop() {
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
      await exited;
      clearTimeout(force);
    },
  };
}

/** In the process that `startWorker` started: answers its questions, by their `do`. */
export function answerQuestions(answers: Readonly<Record<string, (question: never) => unknown>>): void {
  const answer = async (message: Question & { id: number }) => {
    const { id } = message;
    try {
      process.send?.({ id, answer: await answers[message.do]?.(message as never) });
    } catch (error) {
      process.send?.({ id, error: (error as Error).stack });
    }
  };
  process.on('message', message => void answer(message as Question & { id: number }));
}

/** The same clock in all processes of a machine. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
