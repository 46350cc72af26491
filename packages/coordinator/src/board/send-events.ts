import type { ServerResponse } from 'node:http';
import { BOARD_BEAT_MS, BOARD_EVENTS } from '@kube-prefetch/protocol/board';
import type { Clock } from '@kube-prefetch/time';
import type { DeltaLog, LoggedDelta } from './delta-log.ts';

/** What may wait for a page that reads slowly. It is cut off then, and begins with a snapshot. */
const MAX_WAITING_BYTES = 6 * 1024 * 1024;
/** How long a browser waits before it comes back. */
const RETRY_MS = 1_000;

/** Sends what happens after the cursor as server-sent events, until the page leaves, the board ends, or the page is too slow. */
export function sendEvents(response: ServerResponse, log: DeltaLog | undefined, cursor: string, clock: Clock): void {
  const missed = log?.after(cursor);
  const left = new AbortController();
  const write = (text: string) => {
    if (response.writableLength + text.length > MAX_WAITING_BYTES) response.destroy();
    else response.write(text);
  };
  const restart = () => response.end(`event: ${BOARD_EVENTS.restart}\ndata: {}\n\n`);
  const tell = ({ cursor, text }: LoggedDelta) =>
    write(`event: ${BOARD_EVENTS.delta}\nid: ${cursor}\ndata: ${text}\n\n`);

  response.write(`retry: ${RETRY_MS}\n\n`);
  if (log === undefined || missed === undefined) return void restart();
  missed.forEach(tell);
  const leave = log.follow({ delta: tell, end: restart });
  response.on('error', () => {});
  response.once('close', () => {
    leave();
    left.abort();
  });
  beat().catch(() => {});

  async function beat(): Promise<void> {
    for (;;) {
      write(`event: ${BOARD_EVENTS.beat}\ndata: {}\n\n`);
      await clock.sleep(BOARD_BEAT_MS, left.signal);
    }
  }
}
