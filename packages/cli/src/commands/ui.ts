import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import process from 'node:process';
import { errorText } from '@kube-prefetch/protocol';
import type { Context } from '../connect/context.ts';
import { CliError } from '../print/cli-error.ts';

export interface PageOptions {
  readonly port?: number;
  readonly open: boolean;
}

/** A browser opens six to a host, and event streams stay. */
const MAX_CONNECTIONS = 64;

/** Keeps a way to the coordinator's page open on this machine's loopback, until Ctrl-C. Each connection goes to whoever leads then. */
export async function openPage(context: Context, { port = 0, open }: PageOptions): Promise<void> {
  const { terminal, signal, views } = context;
  // Whatever is wrong is said here, and not by a browser.
  await views.overview(signal);
  const server = createServer(socket => void connectThrough(context, socket));
  server.maxConnections = MAX_CONNECTIONS;
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening', { signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw new CliError(`port ${port} of this machine cannot be used: ${errorText(cause)}`, { cause });
  }
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  terminal.out(`${url}\n`);
  terminal.err(`Forwarding to ${context.path.describe()}. Ctrl-C ends it.\n`);
  if (open && terminal.live) openBrowser(url);
  try {
    await once(signal, 'abort');
  } finally {
    server.close();
  }
}

async function connectThrough({ path, signal, terminal }: Context, socket: Socket): Promise<void> {
  socket.on('error', () => {});
  try {
    const connection = await path.open(signal);
    connection.on('error', error => {
      terminal.err(`${errorText(error)}\n`);
      socket.destroy();
    });
    connection.on('close', () => socket.end());
    socket.on('close', () => connection.destroy());
    connection.pipe(socket);
    socket.pipe(connection);
  } catch (error) {
    if (!signal.aborted) terminal.err(`${errorText(error)}\n`);
    socket.destroy();
  }
}

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
};

/** Where there is none, the printed address has to do. */
function openBrowser(url: string): void {
  const [command, ...args] = OPENERS[process.platform] ?? ['xdg-open'];
  spawn(command, [...args, url], { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref();
}
