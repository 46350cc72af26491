import { once } from 'node:events';
import type { Clock } from '@kube-prefetch/time';
import type { Leadership } from '../ports/leadership.ts';

/** For a process without rivals: one term, which lasts until it stops. */
export function alwaysLeader({ clock }: { readonly clock: Clock }): Leadership {
  return {
    async *terms(signal) {
      if (signal.aborted) return;
      yield { epoch: clock.wallMs(), signal };
      if (!signal.aborted) await once(signal, 'abort');
    },
    leader: () => undefined,
    leaderName: () => undefined,
  };
}
