import { PODS } from '../api/kinds.ts';
import { type KubeApi, KubeApiError } from '../api/kube-api.ts';
import type { AgentPods } from '../ports/trust.ts';

/** Agents' pods as the API server has them, in the namespace of the release. */
export function createAgentPods({ api, namespace }: { readonly api: KubeApi; readonly namespace: string }): AgentPods {
  return {
    async find({ name, uid }, signal) {
      try {
        const { metadata } = await api.get(PODS, { namespace, name }, signal);
        if (metadata.uid !== uid) return 'gone';
        return {
          createdAt: String(metadata.creationTimestamp),
          leaving: metadata.deletionTimestamp !== undefined,
        };
      } catch (error) {
        if (error instanceof KubeApiError && error.failure === 'NotFound') return 'gone';
        throw error;
      }
    },
  };
}
