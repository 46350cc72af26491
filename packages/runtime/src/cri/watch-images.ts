import { type Client, ConnectError } from '@connectrpc/connect';
import { RuntimeUnavailable } from '../image-runtime.ts';
import { CONTAINERD_HEADERS } from './connect-cri.ts';
import type { Events } from './generated/containerd_events_pb.ts';

/** Also what others did: `ctr`, the kubelet's garbage collection. */
const IMAGE_EVENTS = ['namespace==k8s.io,topic~="/images/"'];

export async function* imageEvents(
  events: Client<typeof Events>,
  socket: string,
  signal: AbortSignal,
): AsyncGenerator<void> {
  try {
    const stream = events.subscribe({ filters: IMAGE_EVENTS }, { signal, headers: CONTAINERD_HEADERS });
    for await (const _ of stream) yield;
  } catch (error) {
    if (signal.aborted) return;
    throw new RuntimeUnavailable(`${socket}: image events: ${ConnectError.from(error).rawMessage}`, { cause: error });
  }
  if (!signal.aborted) throw new RuntimeUnavailable(`${socket}: image events: the stream ended`);
}
