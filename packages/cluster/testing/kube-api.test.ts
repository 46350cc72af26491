import { createVirtualClock } from '@kube-prefetch/time/testing';
import { createTwinApi } from './twin/kube-api.ts';
import { kubeApiSuite, kubeApiWatchSuite, type KubeApiHarness, type KubeApiHarnessOptions } from './index.ts';

const NAMESPACE = 'shop';
const STEP_MS = 500;

async function makeHarness({ watchSeconds, maxAnswerBytes }: KubeApiHarnessOptions = {}): Promise<KubeApiHarness> {
  const clock = createVirtualClock();
  const api = createTwinApi({ clock, watchSeconds, maxAnswerBytes });
  return {
    api,
    namespace: NAMESPACE,
    async refused(kind, failure) {
      api.refuse(kind, failure);
      return api;
    },
    remove: async (kind, name) => api.remove(kind, name),
    forget: async () => api.compact(),
    async token(audience) {
      const token = api.issueToken({ namespace: NAMESPACE, serviceAccount: 'agent', audiences: [audience] });
      return { token, username: `system:serviceaccount:${NAMESPACE}:agent` };
    },
    stop: async () => api.server.cutOff(),
    start: async () => api.server.restore(),
    pause: api.server.fallSilent,
    resume: api.server.restore,
    pass: () => clock.advance(STEP_MS),
    close: async () => {},
  };
}

kubeApiSuite('the twin of the API server', makeHarness);
kubeApiWatchSuite('the twin of the API server', makeHarness);
