import { type AgentApi, ApiError } from '@kube-prefetch/protocol';
import type { Fleet } from './fleet/index.ts';
import type { CoordinatorMetrics } from './metrics.ts';
import { onlyPlanned, type Permits } from './permits/index.ts';
import type { CurrentTerm } from './current-term.ts';

export interface AnswerParts {
  readonly term: Pick<CurrentTerm, 'epoch' | 'mustLead'>;
  readonly fleet: Pick<Fleet, 'plan' | 'report' | 'contact' | 'sizeOf'>;
  readonly permits: Pick<Permits, 'request' | 'ttlMs'>;
  readonly metrics: Pick<CoordinatorMetrics, 'report'>;
}

/** The coordinator as one node's agent sees it. */
export function answerAgent({ term, fleet, permits, metrics }: AnswerParts, node: string): AgentApi {
  return {
    async plan(have, waitMs, signal) {
      term.mustLead();
      const plan = await fleet.plan(node, have, waitMs, signal);
      term.mustLead();
      return plan;
    },

    async report(report) {
      term.mustLead();
      try {
        const verdict = fleet.report(node, report);
        metrics.report(verdict);
        return { epoch: term.epoch(), sendFull: verdict === 'FullDemanded' };
      } catch (error) {
        if (error instanceof ApiError && error.code === 'OlderAgent') metrics.report('OlderAgent');
        throw error;
      }
    },

    async credentials(request) {
      term.mustLead();
      const { plan } = fleet.contact(node).home;
      const flagged = new Set(plan.items.filter(item => item.credentials === true).map(({ image }) => image));
      const images = request.images.filter(({ image }) => flagged.has(image));
      return {
        epoch: term.epoch(),
        images: images.map(({ image }) => ({ image, credentials: [], anonymous: true, problems: [] })),
      };
    },

    async permits(request, signal) {
      term.mustLead();
      const { plan } = fleet.contact(node).home;
      const images = await permits.request(node, onlyPlanned(request, plan), signal);
      term.mustLead();
      return {
        epoch: term.epoch(),
        ttlMs: permits.ttlMs,
        granted: images.map(image => ({ image, sizeBytes: fleet.sizeOf(image) })),
      };
    },
  };
}
