import type { AgentApi, Plan } from '@kube-prefetch/protocol';
import type { Log } from '@kube-prefetch/process';
import type { Clock, Random } from '@kube-prefetch/time';
import { createAttempts } from './attempts.ts';
import type { Contact } from './contact.ts';

const WAIT_MS = 50_000;
/** For an answer that should have waited and did not. */
const LEAST_ROUND_MS = 500;

export interface PlanParts {
  readonly api: Pick<AgentApi, 'plan'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The revision held now. */
  readonly have: () => string | undefined;
  readonly adopt: (plan: Plan) => void;
  readonly contact: Contact;
}

/** Keeps the plan fresh: a long poll after the other. While none is answered, the last plan stays. */
export async function followPlan(parts: PlanParts, signal: AbortSignal): Promise<never> {
  const { api, clock, log } = parts;
  const attempts = createAttempts(parts, 'no plan from the coordinator');
  for (;;) {
    const askedMs = clock.monotonicMs();
    try {
      const answer = await api.plan(parts.have(), WAIT_MS, signal);
      attempts.answered();
      if (answer === 'unchanged') await clock.sleep(askedMs + LEAST_ROUND_MS - clock.monotonicMs(), signal);
      else {
        log.info(
          { revision: answer.revision, images: answer.items.length, complete: answer.complete },
          'plan received',
        );
        parts.adopt(answer);
      }
    } catch (error) {
      await attempts.failed(error, signal);
    }
  }
}
