import { createServer, type Socket } from 'node:net';
import { createClientNodeApi } from '@kube-prefetch/cluster/client-node';
import { CONFIG_MAPS } from '@kube-prefetch/cluster/testing';
import type { ApiServer } from '@kube-prefetch/lab/cluster';
import { freePort } from '@kube-prefetch/lab/machine';
import { systemClock as clock } from '@kube-prefetch/time';

const NAME = 'no-seats';
const OCCUPANT = 'occupant';
const RBAC = 'rbac.authorization.k8s.io';
const FLOW = 'flowcontrol.apiserver.k8s.io/v1';

export interface Seats {
  /** Leaves the users none until it is called: every request but the watches that stand is refused with 429. */
  occupy(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/**
 * A priority level of the users' own, without seats. An idle level lets one request in all the same; so one hangs there, in a
 * webhook that never answers.
 */
export async function prepareSeats(server: ApiServer, users: readonly string[]): Promise<Seats> {
  const port = await freePort();
  await server.apply([...levelOf([...users, OCCUPANT]), ...[...users, OCCUPANT].map(mayDoAll), deafWebhook(port)]);
  const api = createClientNodeApi({ kubeconfig: await server.kubeconfigFor(OCCUPANT), clock });
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: OCCUPANT, namespace: NAME } };

  return {
    async occupy() {
      const sockets = new Set<Socket>();
      const webhook = createServer();
      const asked = new Promise<void>(resolve => {
        webhook.on('connection', socket => {
          sockets.add(socket.on('error', () => {}));
          resolve();
        });
      });
      await new Promise<void>(resolve => webhook.listen(port, '127.0.0.1', resolve));
      const stop = new AbortController();
      // A webhook is given up after half a minute.
      const hang = async () => {
        while (!stop.signal.aborted) {
          await api.write({ verb: 'create', kind: CONFIG_MAPS, object }, new AbortController().signal).catch(() => {});
        }
      };
      const hanging = hang();
      await asked;
      return async () => {
        stop.abort();
        webhook.close();
        for (const socket of sockets) socket.destroy();
        await hanging;
      };
    },
    close: () => api.close(),
  };
}

function levelOf(users: readonly string[]): readonly object[] {
  const limitResponse = { type: 'Reject' };
  const limited = { nominalConcurrencyShares: 0, lendablePercent: 0, borrowingLimitPercent: 0, limitResponse };
  const everything = { apiGroups: ['*'], resources: ['*'], verbs: ['*'], clusterScope: true, namespaces: ['*'] };
  const subjects = users.map(name => ({ kind: 'User', user: { name } }));
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAME } },
    {
      apiVersion: FLOW,
      kind: 'PriorityLevelConfiguration',
      metadata: { name: NAME },
      spec: { type: 'Limited', limited },
    },
    {
      apiVersion: FLOW,
      kind: 'FlowSchema',
      metadata: { name: NAME },
      spec: {
        matchingPrecedence: 2,
        priorityLevelConfiguration: { name: NAME },
        rules: [{ subjects, resourceRules: [everything] }],
      },
    },
  ];
}

/** Not by a group, whose members are exempt. */
function mayDoAll(user: string): object {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: user },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ apiGroup: RBAC, kind: 'User', name: user }],
  };
}

/** Asked about every ConfigMap of one namespace; what it breaks off is let through. */
function deafWebhook(port: number): object {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: NAME },
    webhooks: [
      {
        name: `${NAME}.kube-prefetch.io`,
        clientConfig: { url: `https://127.0.0.1:${port}/` },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': NAME } },
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        timeoutSeconds: 30,
        failurePolicy: 'Ignore',
      },
    ],
  };
}
