import { type ApiServer, startApiServer } from '@kube-prefetch/lab/cluster';
import { type ScratchFolder, scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SOON_MS } from '../patience.ts';

describe.each(['1.37', '1.34'] as const)('the API server of %s', version => {
  let scratch: ScratchFolder;
  let server: ApiServer;
  beforeAll(async () => {
    scratch = scratchFolder('kpf-api');
    server = await startApiServer({ folder: scratch.path, version, auditLog: true });
  });
  afterAll(async () => {
    await server.close();
    scratch.remove();
  });

  test('says its version', async () => {
    const { gitVersion } = JSON.parse(await server.kubectl('get', '--raw', '/version')) as { gitVersion: string };
    expect(gitVersion).toMatch(new RegExp(`^v${version.replace('.', '\\.')}\\.\\d+$`));
  });

  test('lets a user do what RBAC allows, and notes it', async () => {
    const kubeconfig = await server.kubeconfigFor('jane', ['readers']);
    const list = () => server.kubectlWith({ kubeconfig }, 'get', 'configmaps', '--output=name');
    await expect(list()).rejects.toThrow('User "jane" cannot list resource "configmaps"');
    await server.kubectl('create', 'clusterrole', 'reader', '--verb=list', '--resource=configmaps');
    await server.kubectl('create', 'clusterrolebinding', 'readers', '--clusterrole=reader', '--group=readers');
    // The API server hears of its own bindings a moment later.
    expect(await waitUntil(async () => [await list()], 'the binding to count', SOON_MS)).toEqual(['']);
    const codes = () =>
      server
        .auditEvents()
        .filter(({ user, objectRef }) => user.username === 'jane' && objectRef?.resource === 'configmaps')
        .map(event => `${event.verb} ${event.responseStatus?.code}`);
    await waitUntil(() => codes().includes('list 200'), 'the audit log to say so', SOON_MS);
    expect([...new Set(codes())]).toEqual(['list 403', 'list 200']);
  });

  test('knows whose its tokens are', async () => {
    await server.kubectl('create', 'serviceaccount', 'robot');
    const token = await server.createToken({ namespace: 'default', serviceAccount: 'robot', durationSeconds: 600 });
    const kubeconfig = await server.kubeconfigForToken(token);
    expect(await server.kubectlWith({ kubeconfig }, 'auth', 'whoami')).toContain('system:serviceaccount:default:robot');
  });

  test('keeps what it holds when it is restarted, and answers nothing while it is paused', async () => {
    await server.kubectl('create', 'configmap', 'kept');
    await server.restart();
    expect(await server.kubectl('get', 'configmap', 'kept', '--output=name')).toBe('configmap/kept\n');
    server.pause();
    await expect(server.kubectl('get', 'configmaps', '--request-timeout=1s')).rejects.toThrow(/deadline|timeout/i);
    server.resume();
    await server.kubectl('get', 'configmaps');
  });

  test('has forgotten old pages once etcd is compacted', async () => {
    await server.apply([1, 2, 3].map(n => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `page-${n}` } })));
    const page = '/api/v1/namespaces/default/configmaps?limit=1';
    const { metadata } = JSON.parse(await server.kubectl('get', '--raw', page)) as { metadata: { continue: string } };
    await server.kubectl('delete', 'configmap', 'page-3');
    await server.compact();
    await server.restart();
    const next = server.kubectl('get', '--raw', `${page}&continue=${metadata.continue}`);
    await expect(next).rejects.toThrow(/expired|too old/i);
  });
});
