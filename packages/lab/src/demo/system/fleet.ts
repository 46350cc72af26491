import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeView, Overview } from '@kube-prefetch/protocol';
import type { Screen } from '../view/screen.ts';

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

type Look = () => Promise<readonly NodeView[]>;

const LOOK_EVERY_MS = 150;

/** Every look updates the table; one at a time, so that it never goes back. */
export function shownLook(look: Look, screen: Screen, address: string): Look {
  let last: Promise<unknown> = Promise.resolve();
  return () => {
    const next = last.then(look).then(views => {
      screen.show(views, address);
      return views;
    });
    last = next.catch(() => {});
    return next;
  };
}

/** Until the signal aborts. A look that fails is no news. */
export async function keepLooking(look: Look, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await look().catch(() => {});
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}
