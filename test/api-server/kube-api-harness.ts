import { setTimeout as sleep } from 'node:timers/promises';
import { createClientNodeApi } from '@kube-prefetch/cluster/client-node';
import type { KubeApiHarness, KubeApiHarnessOptions } from '@kube-prefetch/cluster/testing';
import type { ApiServer } from '@kube-prefetch/lab/cluster';
import { type Clock, systemClock } from '@kube-prefetch/time';

const PASS_MS = 50;
const HURRY = 100;

/** The API server as the suite of its twin wants it, each time with a new namespace. */
export function kubeApiHarnesses(server: () => ApiServer) {
  let namespaces = 0;

  return async ({
    watchSeconds,
    maxAnswerBytes,
    hurried = false,
  }: KubeApiHarnessOptions = {}): Promise<KubeApiHarness> => {
    const { kubectl, kubeconfig, kubeconfigFor, kubeconfigForToken, createToken } = server();
    const opened: { close(): Promise<void> }[] = [];
    let paused = false;
    // Only while nothing can be answered anyway: a machine may be slower than a hundredth of a deadline.
    const hurriedClock: Clock = {
      ...systemClock,
      sleep: (ms, stop) => systemClock.sleep(paused ? ms / HURRY : ms, stop),
    };
    const connect = (file: string) => {
      const clock = hurried ? hurriedClock : systemClock;
      const api = createClientNodeApi({ kubeconfig: file, clock, watchSeconds, maxAnswerBytes });
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
      pause() {
        server().pause();
        paused = true;
      },
      resume() {
        paused = false;
        server().resume();
      },
      pass: () => sleep(PASS_MS),
      async close() {
        for (const api of opened) await api.close();
        await kubectl('delete', 'prefetches', '--all', `--namespace=${namespace}`);
      },
    };
  };
}
