import { readFileSync } from 'node:fs';
import type { ApiServer } from '@kube-prefetch/lab/cluster';

const CRDS = ['prefetches', 'clusterprefetches'];

/** Ours, as the chart has them; resolves when they are served. */
export async function applyCrds(server: ApiServer): Promise<void> {
  for (const plural of CRDS) {
    const file = new URL(`../../charts/kube-prefetch/files/crds/${plural}.yaml`, import.meta.url);
    await server.apply(readFileSync(file, 'utf8'));
  }
  await server.kubectl('wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all');
}
