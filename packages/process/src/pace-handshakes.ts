import type { Server, Socket } from 'node:net';
import { type Clock, createRates } from '@kube-prefetch/time';

/** An agent opens three connections and keeps them. Those of many nodes may come from one address, where it is translated. */
const HANDSHAKES = { burst: 200, perSecond: 50, most: 1_000 };

/**
 * Ends connections of an address that makes too many, before the server has signed anything for them: whoever sends one and the
 * same greeting again and again pays nothing for it. Not for listeners that are probed: a probe shares its address with others.
 */
export function paceHandshakes(server: Server, clock: Clock): void {
  const may = createRates(HANDSHAKES);
  server.prependListener('connection', (socket: Socket) => {
    if (!may(socket.remoteAddress ?? '', clock.monotonicMs())) socket.destroy();
  });
}
