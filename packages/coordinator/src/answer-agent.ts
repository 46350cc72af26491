import { type AgentApi, ApiError, type ImageCredentials } from '@kube-prefetch/protocol';
import type { AgentPod } from '@kube-prefetch/cluster';
import type { Credentials } from './credentials/credentials.ts';
import type { PodClaims } from './fleet/newer-pod.ts';
import { apiErrors } from './requests/api-errors.ts';
import type { Fleet } from './fleet/index.ts';
import type { CoordinatorMetrics, CredentialResult } from './metrics.ts';
import { onlyPlanned, type Permits } from './permits/index.ts';
import type { Tags } from './refresh/tags.ts';
import type { CurrentTerm } from './current-term.ts';

export interface AnswerParts {
  readonly term: Pick<CurrentTerm, 'epoch' | 'mustLead'>;
  readonly fleet: Pick<Fleet, 'plan' | 'report' | 'rivalOf' | 'contact' | 'sizeOf' | 'admit'>;
  /** Undefined where nobody knows of pods: then agents are believed when they started. */
  readonly claims: PodClaims | undefined;
  readonly permits: Pick<Permits, 'request' | 'ttlMs'>;
  readonly tags: Pick<Tags, 'asksOf' | 'looked' | 'heard'>;
  readonly credentials: Pick<Credentials, 'answer'>;
  readonly metrics: Pick<CoordinatorMetrics, 'report' | 'credentials'>;
}

/** What credentials of one image cost, as bytes of a body: they may be looked for among thousands. */
const CREDENTIALS_BYTES = 128 * 1024;

/** The coordinator as one node's agent sees it. */
export function answerAgent(parts: AnswerParts, node: string, pod: AgentPod | undefined): AgentApi {
  const { term, fleet, permits, tags, credentials, metrics } = parts;
  return {
    async plan(have, waitMs, signal) {
      term.mustLead();
      const plan = await fleet.plan(node, have, waitMs, signal);
      term.mustLead();
      return plan;
    },

    async report(report, signal) {
      term.mustLead();
      try {
        await replaceRival(parts, node, pod, signal);
        term.mustLead();
        const outcome = fleet.report(node, report, pod);
        metrics.report(outcome);
        tags.looked(node, report.looked ?? []);
        if (outcome === 'Used') tags.heard(fleet.contact(node), report.cells);
        const looks = [...tags.asksOf(node)];
        return { epoch: term.epoch(), sendFull: outcome === 'FullDemanded', ...(looks.length > 0 && { looks }) };
      } catch (error) {
        if (error instanceof ApiError && error.code === 'OlderAgent') metrics.report('OlderAgent');
        throw error;
      }
    },

    async credentials(request, signal) {
      term.mustLead();
      const { home } = fleet.contact(node);
      fleet.admit(node, request.images.length * CREDENTIALS_BYTES);
      const asked = new Set(request.images.map(({ image }) => image)).size;
      const images = await credentials.answer(node, request, home, signal).catch(error => {
        if (error instanceof ApiError) metrics.credentials('refused', asked);
        throw error;
      });
      for (const image of images) metrics.credentials(resultOf(image), 1);
      metrics.credentials('not_planned', asked - images.length);
      term.mustLead();
      return { epoch: term.epoch(), images };
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

function resultOf({ credentials, waitFor }: ImageCredentials): CredentialResult {
  if (waitFor !== undefined) return 'waits';
  return credentials.length > 0 ? 'given' : 'none';
}

/** Two more pods may come while one is asked about; no node has more. */
const MOST_RIVALS = 3;

/** Throws ApiError OlderAgent unless this pod may speak for the node in the place of the one that does. */
async function replaceRival(
  { fleet, claims }: Pick<AnswerParts, 'fleet' | 'claims'>,
  node: string,
  pod: AgentPod | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (pod === undefined || claims === undefined) return;
  for (let asked = 0, rival = fleet.rivalOf(node, pod); rival !== undefined; asked += 1) {
    if (asked === MOST_RIVALS || !(await claims.isNewer(pod, rival, signal)))
      throw apiErrors.olderPod(node, pod, rival);
    const now = fleet.rivalOf(node, pod);
    if (now?.uid === rival.uid) return;
    rival = now;
  }
}
