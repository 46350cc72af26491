import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openNodeCredentials } from '@kube-prefetch/agent/node-credentials';
import { scratchFolder } from '@kube-prefetch/lab/machine';
import { goBuild } from '@kube-prefetch/lab/set-up';
import { systemClock } from '@kube-prefetch/time';
import { expect, onTestFinished, test } from 'vitest';
import { SOON_MS } from '../patience.ts';

const REGISTRY = '123456789012.dkr.ecr.us-east-1.amazonaws.com';

test('the real ecr-credential-provider is run, asks the endpoint of ECR, and its answer is used and kept', async () => {
  const scratch = scratchFolder('kp-ecr');
  const asked: unknown[] = [];
  const ecr = createServer((request, response) => {
    asked.push(request.headers['x-amz-target']);
    const authorizationToken = Buffer.from('AWS:a-password-of-ecr').toString('base64');
    const expiresAt = Math.round(Date.now() / 1000) + 43_200;
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(
      JSON.stringify({ authorizationData: [{ authorizationToken, expiresAt, proxyEndpoint: `https://${REGISTRY}` }] }),
    );
  });
  await new Promise<void>(resolve => ecr.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    ecr.close();
    scratch.remove();
  });
  const binDir = await goBuild({
    name: 'ecr-credential-provider',
    module: 'k8s.io/cloud-provider-aws',
    version: 'v1.33.0',
    packages: ['k8s.io/cloud-provider-aws/cmd/ecr-credential-provider'],
    takes: 'up to 2 minutes on 2 cores',
  });
  const env = {
    AWS_ACCESS_KEY_ID: 'id',
    AWS_SECRET_ACCESS_KEY: 'key',
    AWS_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ENDPOINT_URL_ECR: `http://127.0.0.1:${(ecr.address() as AddressInfo).port}`,
  };
  const config = {
    kind: 'CredentialProviderConfig',
    apiVersion: 'kubelet.config.k8s.io/v1',
    providers: [
      {
        name: 'ecr-credential-provider',
        apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
        matchImages: ['*.dkr.ecr.*.amazonaws.com'],
        defaultCacheDuration: '12h',
        args: ['get-credentials'],
        env: Object.entries(env).map(([name, value]) => ({ name, value })),
      },
    ],
  };
  const providerConfig = join(scratch.path, 'config.json');
  writeFileSync(providerConfig, JSON.stringify(config));
  const node = await openNodeCredentials({
    providerConfig,
    providerBinDir: binDir,
    providerTimeoutMs: SOON_MS,
    clock: systemClock,
  });
  const { signal } = new AbortController();
  const found = {
    credentials: [{ from: 'plugin ecr-credential-provider', username: 'AWS', password: 'a-password-of-ecr' }],
    problems: [],
  };
  expect(await node.of(`${REGISTRY}/shop/web:1`, signal)).toEqual(found);
  expect(await node.of(`${REGISTRY}/shop/db:2`, signal)).toEqual(found);
  expect(await node.of('docker.io/library/nginx', signal)).toEqual({ credentials: [], problems: [] });
  expect(asked).toEqual(['AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken']);
});
