import type { NodeView, Overview } from '@kube-prefetch/protocol';

/** What the coordinator says about every node, one view each. */
export async function readFleet(admin: string): Promise<readonly NodeView[]> {
  const overview = (await get(`${admin}/v1/overview`)) as Overview;
  const views = overview.nodes.map(({ name }) => get(`${admin}/v1/nodes/${encodeURIComponent(name)}`));
  return (await Promise.all(views)) as readonly NodeView[];
}

async function get(url: string): Promise<unknown> {
  const answer = await fetch(url);
  if (!answer.ok)
    throw new Error(`expected the coordinator to answer ${url}, got ${answer.status}: ${await answer.text()}`);
  return answer.json();
}
