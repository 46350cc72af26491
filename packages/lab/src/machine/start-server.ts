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
