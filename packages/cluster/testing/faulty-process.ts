import type { Clock } from '@kube-prefetch/time';
import type { KubeApi } from '../src/api/kube-api.ts';
import type { TwinApi } from './twin/kube-api.ts';

/** A process on the virtual clock that can be stopped as by SIGSTOP, and whose writes can be delayed on their way. */
export interface FaultyProcess {
  readonly clock: Clock;
  readonly api: KubeApi;
  readonly link: ReturnType<TwinApi['connect']>;
  /** Nothing of it runs any more until `resume`. */
  pause(): void;
  resume(): void;
  running(): boolean;
  /** The next write arrives that much later; whoever waits for its answer waits in vain. */
  delayNextWrite(ms: number): void;
}

export function createFaultyProcess(server: TwinApi, clock: Clock): FaultyProcess {
  const link = server.connect();
  let resumed: PromiseWithResolvers<void> | undefined;
  let delayMs = 0;

  /** Whatever has happened meanwhile, a process that is stopped does not hear of it. */
  const heard = async <T>(happening: Promise<T>): Promise<T> => {
    try {
      return await happening;
    } finally {
      while (resumed !== undefined) await resumed.promise;
    }
  };

  return {
    link,
    clock: { ...clock, sleep: (ms, signal) => heard(clock.sleep(ms, signal)) },
    api: {
      ...link,
      get: (kind, name, signal) => heard(link.get(kind, name, signal)),
      write(write, signal) {
        if (delayMs === 0) return heard(link.write(write, signal));
        const arrivesMs = delayMs;
        delayMs = 0;
        void clock.sleep(arrivesMs).then(() => link.write(write, new AbortController().signal).catch(() => {}));
        return heard(clock.sleep(Number.MAX_SAFE_INTEGER, signal) as Promise<never>);
      },
    },
    pause() {
      resumed ??= Promise.withResolvers();
    },
    resume() {
      resumed?.resolve();
      resumed = undefined;
    },
    running: () => resumed === undefined,
    delayNextWrite(ms) {
      delayMs = ms;
    },
  };
}
