import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiServer } from '@kube-prefetch/lab/cluster';

interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Says of every resource that it is warm, as a coordinator would once it is, as long as the commands of a page run. */
export async function whileAllIsWarm<T>(server: ApiServer, work: () => Promise<T>): Promise<T> {
  const end = new AbortController();
  const all = makeWarm(server, end.signal);
  try {
    return await work();
  } finally {
    end.abort();
    await all;
  }
}

async function makeWarm(server: ApiServer, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const list = ['get', 'kube-prefetch', '--all-namespaces', '--output=json'];
    // Before the definitions are there, and after one was deleted in between.
    const { items } = JSON.parse(await server.kubectl(...list).catch(() => '{"items":[]}')) as { items: Resource[] };
    for (const resource of items) if (!isWarm(resource)) await patch(server, resource).catch(() => {});
    await sleep(200, undefined, { signal }).catch(() => {});
  }
}

function isWarm({ status }: Resource): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'Warm' && is === 'True') ?? false;
}

async function patch(server: ApiServer, { kind, metadata }: Resource): Promise<void> {
  const condition = { type: 'Warm', status: 'True', reason: 'AllPresent', message: 'so it is', observedGeneration: 1 };
  const status = { conditions: [{ ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }] };
  const how = ['--subresource=status', '--type=merge', `--patch=${JSON.stringify({ status })}`];
  const place = metadata.namespace === undefined ? [] : [`--namespace=${metadata.namespace}`];
  await server.kubectl('patch', `${kind.toLowerCase()}.kube-prefetch.io`, metadata.name, ...place, ...how);
}
