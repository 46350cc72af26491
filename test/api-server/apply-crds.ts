import { readFileSync } from 'node:fs';
import type { ApiClient } from '@kube-prefetch/lab/cluster';
import { waitUntil } from '@kube-prefetch/lab/machine';
import { SOON_MS } from '../patience.ts';

const CRDS = ['prefetches', 'clusterprefetches'];

/** Ours, as the chart has them; resolves when they are served. */
export async function applyCrds(server: ApiClient): Promise<void> {
  for (const plural of CRDS) {
    const file = new URL(`../../charts/kube-prefetch/files/crds/${plural}.yaml`, import.meta.url);
    await server.apply(readFileSync(file, 'utf8'));
  }
  await untilServed(server);
}

/** An API server serves a kind, and tells of it, a while after it has called its definition established. */
export async function untilServed({ kubectl }: Pick<ApiClient, 'kubectl'>): Promise<void> {
  const names = CRDS.map(plural => `crd/${plural}.kube-prefetch.io`);
  await kubectl('wait', '--for=condition=Established', `--timeout=${SOON_MS}ms`, ...names);
  const list = () => kubectl('get', CRDS.join(), '--all-namespaces', '--output=name');
  await waitUntil(async () => [await list()], 'our kinds to be served', SOON_MS);
}
