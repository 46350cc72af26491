import { once } from 'node:events';
import type { Clock } from '@kube-prefetch/time';
import type { Leadership } from '../ports/leadership.ts';

/** Where this process is the only one of its kind: one term, until it stops. */
export function alwaysLeader({ clock }: { readonly clock: Clock }): Leadership {
  return {
    async *terms(signal) {
      if (signal.aborted) return;
      yield { epoch: clock.wallMs(), signal };
      if (!signal.aborted) await once(signal, 'abort');
    },
    leader: () => undefined,
  };
}
