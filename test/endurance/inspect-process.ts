import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { type Child, waitUntil } from '@kube-prefetch/lab/machine';
import { SOON_MS } from '../patience.ts';

/** Makes a program of ours one that can be inspected; for `under`. */
export const INSPECTED = ['env', 'NODE_OPTIONS=--inspect=127.0.0.1:0'] as const;

export interface Figures {
  /** After a collection, so that only what is held counts. */
  readonly heapMiB: number;
  /** Timers, sockets, servers and whatever else keeps an event loop running. */
  readonly handles: number;
  readonly sockets: number;
  readonly files: number;
}

/** What a process holds now, asked through its inspector and the kernel. */
export async function figuresOf(child: Child): Promise<Figures> {
  using inspector = await inspect(child);
  await inspector.call('HeapProfiler.collectGarbage');
  const expression = '[process.memoryUsage().heapUsed, process.getActiveResourcesInfo().length].join()';
  const { result } = (await inspector.call('Runtime.evaluate', { expression })) as { result: { value: string } };
  const [heapBytes = Number.NaN, handles = Number.NaN] = result.value.split(',').map(Number);
  const open = openFiles(child.pid);
  const sockets = open.filter(target => target.startsWith('socket:')).length;
  return { heapMiB: heapBytes / 1024 / 1024, handles, sockets, files: open.length - sockets };
}

export type Inspector = Awaited<ReturnType<typeof inspect>>;

export async function inspect(child: Child) {
  const url = await waitUntil(
    () => /ws:\/\/127\.0\.0\.1:\d+\/\S+/.exec(readFileSync(child.logFile, 'utf8'))?.[0],
    `the inspector of ${child.name}`,
    SOON_MS,
    { child },
  );
  const socket = new WebSocket(url);
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve(), { once: true });
    socket.addEventListener('error', () => reject(new Error(`nothing answers on ${url}`)), { once: true });
  });
  let calls = 0;
  return {
    call(method: string, params: object = {}): Promise<unknown> {
      const id = ++calls;
      return new Promise(resolve => {
        socket.addEventListener('message', function answered({ data }) {
          const message = JSON.parse(String(data)) as { id?: number; result?: unknown };
          if (message.id !== id) return;
          socket.removeEventListener('message', answered);
          resolve(message.result);
        });
        socket.send(JSON.stringify({ id, method, params }));
      });
    },
    [Symbol.dispose]: () => socket.close(),
  };
}

function openFiles(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap(fd => {
    try {
      return [readlinkSync(`${folder}/${fd}`)];
    } catch {
      return []; // closed meanwhile
    }
  });
}
