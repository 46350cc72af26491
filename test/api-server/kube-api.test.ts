import { kubeApiSuite, kubeApiWatchSuite } from '@kube-prefetch/cluster/testing';
import { type ApiServer, startApiServer } from '@kube-prefetch/lab/cluster';
import { scratchFolder } from '@kube-prefetch/lab/machine';
import { afterAll, beforeAll, describe } from 'vitest';
import { applyCrds } from './apply-crds.ts';
import { clientNodeTests } from './client-node-tests.ts';
import { kubeApiHarnesses } from './kube-api-harness.ts';

describe.each(['1.37', '1.34'] as const)('Kubernetes %s', version => {
  const folder = scratchFolder('kube-api');
  let server: ApiServer;
  beforeAll(async () => {
    server = await startApiServer({ version, folder: folder.path });
    await applyCrds(server);
  });
  afterAll(async () => {
    await server?.close();
    folder.remove();
  });

  const makeHarness = kubeApiHarnesses(() => server);
  kubeApiSuite(`client-node against ${version}`, makeHarness);
  kubeApiWatchSuite(`client-node against ${version}`, makeHarness);
  clientNodeTests(() => server);
});
