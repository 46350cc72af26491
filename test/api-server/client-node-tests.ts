import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getActiveResourcesInfo } from 'node:process';
import { type KubeEvent, NAMESPACES } from '@kube-prefetch/cluster';
import { createClientNodeApi } from '@kube-prefetch/cluster/client-node';
import type { ApiServer } from '@kube-prefetch/lab/cluster';
import { scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { systemClock as clock } from '@kube-prefetch/time';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { SOON_MS } from '../patience.ts';

const DEFAULT = { name: 'default' };
const WATCHES = 20;

/** What no twin has: connections, certificates, files with tokens. */
export function clientNodeTests(server: () => ApiServer): void {
  const { signal } = new AbortController();

  function connect(kubeconfig: string) {
    const api = createClientNodeApi({ kubeconfig, clock });
    onTestFinished(() => api.close());
    return api;
  }

  /** A kubeconfig of our own making. */
  function writeConfig({ cluster = {}, user }: { cluster?: object; user?: object }): string {
    const folder = scratchFolder('kubeconfig');
    onTestFinished(() => folder.remove());
    const config = JSON.parse(readFileSync(server().kubeconfig, 'utf8')) as {
      clusters: { name: string; cluster: object }[];
      users: { name: string; user: object }[];
    };
    const changed = {
      ...config,
      clusters: config.clusters.map(entry => ({ ...entry, cluster: { ...entry.cluster, ...cluster } })),
      users: config.users.map(entry => ({ ...entry, user: user ?? entry.user })),
    };
    const file = join(folder.path, 'kubeconfig');
    writeFileSync(file, JSON.stringify(changed));
    return file;
  }

  describe('client-node', () => {
    test('calls one after another share a connection', async () => {
      const api = connect(server().kubeconfig);
      let connections = 0;
      const count = () => {
        connections += 1;
      };
      subscribe('undici:client:connected', count);
      onTestFinished(() => void unsubscribe('undici:client:connected', count));
      for (let call = 0; call < 50; call += 1) await api.get(NAMESPACES, DEFAULT, signal);
      // The second is opened while the first still reads the end of its answer.
      expect(connections).toBeLessThanOrEqual(2);
    });

    test('an aborted watch leaves no connection', async () => {
      const api = connect(server().kubeconfig);
      await api.get(NAMESPACES, DEFAULT, signal);
      const before = openSockets();
      const stop = new AbortController();
      const watches = Array.from({ length: WATCHES }, () =>
        api.watch(NAMESPACES, '0', stop.signal)[Symbol.asyncIterator](),
      );
      const first = await Promise.all(watches.map(watch => watch.next()));
      expect(first.map(({ value }) => (value as KubeEvent).type)).toEqual(watches.map(() => 'BOOKMARK'));
      expect(openSockets()).toBeGreaterThanOrEqual(WATCHES);
      const ends = Promise.allSettled(
        watches.map(async watch => {
          for (;;) if ((await watch.next()).done === true) return;
        }),
      );
      const reason = new Error('enough');
      stop.abort(reason);
      expect(await ends).toEqual(watches.map(() => ({ status: 'rejected', reason })));
      await waitUntil(() => openSockets() <= before, 'all watches to be closed', SOON_MS);
    });

    test.each(['BOOKMARK', 'ADDED'])('a reader that leaves a watch at %s leaves no connection', async type => {
      const api = connect(server().kubeconfig);
      await api.get(NAMESPACES, DEFAULT, signal);
      const before = openSockets();
      for await (const event of api.watch(NAMESPACES, '0', signal)) if (event.type === type) break;
      await expect(waitUntil(() => openSockets() <= before, 'the watch to be closed', SOON_MS)).resolves.toBe(true);
    });

    test('a token that was renewed in its file is used from the next call on', async () => {
      const folder = scratchFolder('token');
      onTestFinished(() => folder.remove());
      const tokenFile = join(folder.path, 'token');
      const kubectl = server().kubectl;
      await kubectl('create', 'serviceaccount', 'rotated');
      await kubectl('create', 'clusterrole', 'rotated', '--verb=get', '--resource=namespaces');
      await kubectl(
        'create',
        'clusterrolebinding',
        'rotated',
        '--clusterrole=rotated',
        '--serviceaccount=default:rotated',
      );
      // The API server hears of its own bindings a moment later.
      const asked = ['auth', 'can-i', 'get', 'namespaces', '--as=system:serviceaccount:default:rotated'];
      await waitUntil(() => kubectl(...asked), 'the binding to count', SOON_MS);
      const token = await server().createToken({ namespace: 'default', serviceAccount: 'rotated' });
      writeFileSync(tokenFile, 'of yesterday');
      // As in a pod.
      const user = { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } };
      const api = connect(writeConfig({ user }));
      await expect(api.get(NAMESPACES, DEFAULT, signal)).rejects.toMatchObject({ failure: 'Unauthorized' });
      writeFileSync(tokenFile, `${token}\n`);
      expect(await api.get(NAMESPACES, DEFAULT, signal)).toMatchObject({ kind: 'Namespace', metadata: DEFAULT });
    });

    test('a server whose certificate is from a stranger is Unreachable, and the cause is told', async () => {
      const ca = { 'certificate-authority-data': undefined };
      const error: unknown = await connect(writeConfig({ cluster: ca }))
        .get(NAMESPACES, DEFAULT, signal)
        .catch(thrown => thrown);
      expect(error).toMatchObject({
        failure: 'Unreachable',
        message: expect.stringMatching(/^GET \/api\/v1\/namespaces\/default: .*certificate/),
        cause: { code: expect.stringMatching(/CERT|SIGNATURE|ISSUER/) },
      });
    });

    test('a port where nobody listens is Unreachable', async () => {
      const cluster = { server: 'https://127.0.0.1:1' };
      await expect(connect(writeConfig({ cluster })).get(NAMESPACES, DEFAULT, signal)).rejects.toMatchObject({
        failure: 'Unreachable',
        message: expect.stringContaining('ECONNREFUSED'),
      });
    });

    test('who is in no pod is told to give a kubeconfig', () => {
      vi.stubEnv('KUBERNETES_SERVICE_HOST', undefined);
      onTestFinished(() => void vi.unstubAllEnvs());
      expect(() => createClientNodeApi({ clock })).toThrow(/KUBERNETES_SERVICE_HOST.*give a kubeconfig/);
    });

    test('a kubeconfig without a server is told at the start', () => {
      expect(() => createClientNodeApi({ kubeconfig: writeConfig({ cluster: { server: '' } }), clock })).toThrow(
        /server/,
      );
    });
  });
}

function openSockets(): number {
  return getActiveResourcesInfo().filter(name => name === 'TCPSocketWrap').length;
}
