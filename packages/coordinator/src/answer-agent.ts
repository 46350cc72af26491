import { type AgentApi, ApiError } from '@kube-prefetch/protocol';
import type { Coordinator } from './create-coordinator.ts';

/** The coordinator as one node's agent sees it. */
export function answerAgent(c: Coordinator, node: string): AgentApi {
  return {
    async plan(have, waitMs, signal) {
      c.mustLead();
      return c.fleet.plan(node, have, waitMs, signal);
    },

    async report(report) {
      c.mustLead();
      try {
        const verdict = c.fleet.report(node, report);
        c.metrics.report(verdict);
        return { epoch: c.epoch(), sendFull: verdict === 'FullDemanded' };
      } catch (error) {
        if (error instanceof ApiError && error.code === 'OlderAgent') c.metrics.report('OlderAgent');
        throw error;
      }
    },

    async permits(request, signal) {
      c.mustLead();
      c.fleet.contact(node);
      const images = await c.permits.request(node, request, signal);
      return {
        epoch: c.epoch(),
        ttlMs: c.permits.ttlMs,
        granted: images.map(image => ({ image, sizeBytes: c.fleet.sizeOf(image) })),
      };
    },
  };
}
