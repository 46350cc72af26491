import { setTimeout as sleep } from 'node:timers/promises';
import { buildImage } from '../../images/index.ts';
import { type Figure, median } from '../print-figures.ts';
import { type BenchCluster, PREFETCH, prefetchOf, receivedMs, resourceOf, untilPresent } from './bench-cluster.ts';
import { untilLogged } from './until-logged.ts';

const CHANGES = 15;
const DEPLOYMENT = 'bench';

/** From a Deployment's new image, when the API server has it, to the first request for it at the registry. */
export async function measureLatency(bench: BenchCluster): Promise<readonly Figure[]> {
  const { cluster } = bench;
  const images: string[] = [];
  for (let change = 0; change <= CHANGES; change++) {
    const image = buildImage({ files: [{ path: 'n', contents: Buffer.from(String(change)) }] });
    images.push(await cluster.registry.push(`change/image-${change}`, 'v1', image));
  }
  await cluster.apply(prefetchOf({ workloads: [{ selector: {} }] }));
  await cluster.apply(deploymentOf(images[0] ?? ''));
  await untilPresent(cluster.nodes(), images.slice(0, 1));
  const latenciesMs: number[] = [];
  for (const [change, image] of images.entries()) {
    if (change === 0) continue;
    const requested = untilLogged(cluster.registry.logFile, line => line.includes(`/v2/change/image-${change}/`));
    const sinceMs = Date.now();
    await cluster.apply(deploymentOf(image));
    const changed = receivedMs(
      cluster,
      event => event.verb === 'patch' && resourceOf(event) === 'deployments',
      sinceMs,
    );
    latenciesMs.push((await requested) - changed);
    await untilPresent(cluster.nodes(), [image]);
    await sleep(1_000 + change * 37); // not in step with anything that polls
  }
  await cluster.kubectl('delete', 'deployment', DEPLOYMENT);
  await cluster.kubectl('delete', 'clusterprefetch', PREFETCH);
  const range = `[${Math.min(...latenciesMs)}-${Math.max(...latenciesMs)}]`;
  const value = `${median(latenciesMs).toFixed(0)} ms ${range}, median of ${CHANGES}`;
  return [{ name: "a Deployment's new image to its first request at the registry", value }];
}

/** Scaled to nothing, so that no kubelet pulls. */
function deploymentOf(image: string): object {
  const labels = { app: DEPLOYMENT };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: DEPLOYMENT, namespace: 'default', labels },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image }] } },
    },
  };
}
