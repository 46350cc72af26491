import { errorText } from '@kube-prefetch/protocol';
import type { Readable } from 'node:stream';
import { RuntimeUnavailable } from '../image-runtime.ts';
import { scrub } from '../scrub-credentials.ts';
import type { DockerEngine } from './connect-engine.ts';

const IMAGE_EVENTS = { filters: JSON.stringify({ type: ['image'] }) };

/** Whatever comes over the stream of events means "look again", so nobody reads what it says. Our own pulls are among it. */
export async function* imageEvents(engine: DockerEngine, socket: string, signal: AbortSignal): AsyncGenerator<void> {
  let body: Readable | undefined;
  try {
    body = await engine.stream({ method: 'GET', path: '/events', query: IMAGE_EVENTS }, signal);
    yield; // what happened before the subscription has not been told
    for await (const _ of body) yield;
  } catch (error) {
    if (signal.aborted) return;
    const reason = errorText(error);
    throw new RuntimeUnavailable(scrub(`${socket}: image events: ${reason}`));
  } finally {
    body?.destroy();
  }
  if (!signal.aborted) throw new RuntimeUnavailable(`${socket}: image events: the stream ended`);
}
