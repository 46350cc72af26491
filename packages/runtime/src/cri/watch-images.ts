import { errorText } from '@kube-prefetch/protocol';
import { RuntimeUnavailable } from '../image-runtime.ts';
import { scrub } from '../scrub-credentials.ts';
import type { CriClients } from './connect-cri.ts';

/** Also what others did: `ctr`, the kubelet's garbage collection. */
const IMAGE_EVENTS = ['namespace==k8s.io,topic~="/images/"'];

export async function* watchImages(
  { events, runtime }: Pick<CriClients, 'events' | 'runtime'>,
  socket: string,
  signal: AbortSignal,
): AsyncGenerator<void> {
  try {
    const stream = events.subscribe({ filters: IMAGE_EVENTS }, { signal });
    const told = stream[Symbol.asyncIterator]();
    let next = told.next();
    next.catch(() => {}); // not lost: awaited below
    // containerd does not say when a subscription has begun; it has once a later question on its connection is answered.
    await runtime.version({}, { signal });
    yield;
    for (; !(await next).done; next = told.next()) yield;
  } catch (error) {
    if (signal.aborted) return;
    throw new RuntimeUnavailable(scrub(`${socket}: image events: ${errorText(error)}`));
  }
  if (!signal.aborted) throw new RuntimeUnavailable(`${socket}: image events: the stream ended`);
}
