import type { Log } from '@kube-prefetch/process';
import type { AgentApi, Plan } from '@kube-prefetch/protocol';
import { type Clock, type Random, untilAborted } from '@kube-prefetch/time';

import { type Contact, createAttempts } from './attempts.ts';
import type { Reports } from './reports.ts';

const WAIT_MS = 50_000;
/** Where the coordinator answers at once although nothing changed. */
const LEAST_ROUND_MS = 500;
/** How long the first report about a new plan may keep the next poll from being sent. */
const FIRST_REPORT_MS = 1_000;

export interface PlanParts {
  readonly api: Pick<AgentApi, 'plan'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The revision held now. */
  readonly have: () => string | undefined;
  readonly adopt: (plan: Plan) => void;
  readonly reports: Pick<Reports, 'beat' | 'beatAfterLoss' | 'next'>;
  readonly contact: Contact;
}

/**
 * Long polls for the plan, one after the other, with a report between two of them. While none is answered, the last plan stays. What a
 * new plan makes the agent ask and report goes over the connection of the polls: all nodes may have a new plan at once, and a second
 * connection costs the coordinator more than the requests. A poll that fails may mean another leader, who knows nothing of this node: it
 * is told first.
 */
export async function followPlan(parts: PlanParts, signal: AbortSignal): Promise<never> {
  const { api, clock, log } = parts;
  const attempts = createAttempts(parts, 'no plan from the coordinator');
  for (;;) {
    const sentMs = clock.monotonicMs();
    try {
      const answer = await api.plan(parts.have(), WAIT_MS, signal);
      attempts.answered();
      if (answer === 'unchanged') {
        await clock.sleep(sentMs + LEAST_ROUND_MS - clock.monotonicMs(), signal);
        await untilAborted(parts.reports.beat(), signal);
      } else {
        log.info(
          { revision: answer.revision, images: answer.items.length, complete: answer.complete },
          'plan received',
        );
        parts.adopt(answer);
        await Promise.race([parts.reports.next(), clock.sleep(FIRST_REPORT_MS, signal)]);
      }
    } catch (error) {
      const lostMs = clock.monotonicMs();
      await attempts.failed(error, signal);
      await untilAborted(parts.reports.beatAfterLoss(lostMs), signal);
    }
  }
}
