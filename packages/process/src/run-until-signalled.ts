import { type Clock, systemClock } from '@kube-prefetch/time';
import type { Log } from './log.ts';

export interface SignalOptions {
  readonly log: Log;
  /** From the first signal until the process ends whether `main` is done or not. */
  readonly graceMs: number;
  readonly clock?: Clock;
  /** Where signals come from and what exits; tests give their own. */
  readonly host?: Pick<NodeJS.Process, 'on' | 'exit'>;
}

/**
 * Runs a program. The signal handed to `main` aborts on SIGTERM or SIGINT; everything that `main` starts ends with it.
 *
 * | what happens                                | logged      | exit code |
 * | ------------------------------------------- | ----------- | --------- |
 * | `main` resolves                             | stopped     | 0         |
 * | `main` rejects with the signal's own reason | stopped     | 0         |
 * | `main` rejects, or an error goes unhandled  | the error   | 1         |
 * | a second signal, or `graceMs` pass          | that it did | 1         |
 */
export async function runUntilSignalled(
  main: (signal: AbortSignal) => Promise<void>,
  { log, graceMs, clock = systemClock, host = process }: SignalOptions,
): Promise<void> {
  const stop = new AbortController();
  const ended = new AbortController();

  const end = (code: 0 | 1) => {
    ended.abort();
    host.exit(code);
  };
  const fail = (err: unknown) => {
    log.error({ err }, 'unhandled error');
    end(1);
  };
  const onSignal = (name: NodeJS.Signals) => {
    if (stop.signal.aborted) {
      log.error({ signal: name }, 'signalled again before everything had stopped');
      end(1);
      return;
    }
    log.info({ signal: name, graceMs }, 'stopping');
    stop.abort(new Error(`stopped by ${name}`));
    clock.sleep(graceMs, ended.signal).then(
      () => {
        log.error({ graceMs }, 'not stopped within the grace period');
        end(1);
      },
      () => {},
    );
  };
  host.on('SIGTERM', onSignal);
  host.on('SIGINT', onSignal);
  host.on('uncaughtException', fail);
  host.on('unhandledRejection', fail);

  try {
    await main(stop.signal);
  } catch (err) {
    if (!isStop(err, stop.signal)) return fail(err);
  }
  log.info({}, 'stopped');
  end(0);
}

/** Node's own functions reject with an AbortError that carries the signal's reason as its cause. */
function isStop(err: unknown, signal: AbortSignal): boolean {
  return signal.aborted && (err === signal.reason || (err instanceof Error && err.cause === signal.reason));
}
