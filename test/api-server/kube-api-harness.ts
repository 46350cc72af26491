import { setTimeout as sleep } from 'node:timers/promises';
import { createClientNodeApi } from '@kube-prefetch/cluster/client-node';
import type { KubeApiHarness, KubeApiHarnessOptions } from '@kube-prefetch/cluster/testing';
import type { ApiServer } from '@kube-prefetch/lab/cluster';
import { type Clock, systemClock } from '@kube-prefetch/time';

const PASS_MS = 50;
const HURRY = 100;

const hurriedClock: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / HURRY, signal) };

/** The API server as the suite of its twin wants it, each time with a new namespace. */
export function kubeApiHarnesses(server: () => ApiServer) {
  let namespaces = 0;

  return async ({ watchSeconds, hurried = false }: KubeApiHarnessOptions = {}): Promise<KubeApiHarness> => {
    const { kubectl, kubeconfig, kubeconfigFor, kubeconfigForToken, createToken } = server();
    const opened: { close(): Promise<void> }[] = [];
    const connect = (file: string) => {
      const api = createClientNodeApi({ kubeconfig: file, clock: hurried ? hurriedClock : systemClock, watchSeconds });
      opened.push(api);
      return api;
    };
    namespaces += 1;
    const namespace = `suite-${namespaces}`;
    await kubectl('create', 'namespace', namespace);
    return {
      api: connect(kubeconfig),
      namespace,
      async refused(_, failure) {
        if (failure === 'Forbidden') return connect(await kubeconfigFor('nobody'));
        if (failure === 'Unauthorized') return connect(await kubeconfigForToken('nonsense'));
        return connect(kubeconfig);
      },
      async remove(kind, name) {
        await kubectl('delete', kind.plural, name.name, `--namespace=${namespace}`);
      },
      async forget() {
        await server().compact();
        // It remembers more than etcd does.
        await server().kill();
        await server().start();
      },
      async token(audience) {
        await kubectl('create', 'serviceaccount', 'agent', `--namespace=${namespace}`);
        const token = await createToken({ namespace, serviceAccount: 'agent', audience });
        return { token, username: `system:serviceaccount:${namespace}:agent` };
      },
      stop: () => server().kill(),
      start: () => server().start(),
      pause: () => server().pause(),
      resume: () => server().resume(),
      pass: () => sleep(PASS_MS),
      async close() {
        for (const api of opened) await api.close();
        await kubectl('delete', 'prefetches', '--all', `--namespace=${namespace}`);
      },
    };
  };
}
