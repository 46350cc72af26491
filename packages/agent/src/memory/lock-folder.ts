import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { link, open, rename, stat, unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { systemClock } from '@kube-prefetch/time';

/** Longer than another process takes from finding a dead lock to moving it aside. */
const CONFIRM_AFTER_MS = 200;

export class FolderInUse extends Error {
  override readonly name = 'FolderInUse';
}

/**
 * Takes the folder for this process, and returns what gives it back. The lock is a listening socket, because the kernel closes
 * it however the process ends, and because a process id means something else in every container. The socket of a dead process
 * refuses connections and is removed.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const handle = await open(folder, 'r');
  // The path of a socket may have 107 bytes; the folder's own path may be longer.
  const at = (name: string) => `/proc/self/fd/${handle.fd}/${name}`;
  const id = randomUUID(); // In containers every agent has the same process id.
  const own = at(`lock.${id}`);
  const lock = at('lock');
  const server = createServer(connection => connection.destroy()).unref();
  try {
    server.listen(own);
    await once(server, 'listening');
    while (!(await linked(own, lock))) await takeAwayStale(lock, at(`lock.stale.${id}`), folder);
    await confirm(own, lock, folder);
    await unlink(own);
  } catch (error) {
    await close(server);
    await unlink(own).catch(ignoreAbsent);
    await handle.close();
    throw error;
  }
  return async () => {
    await unlink(lock).catch(ignoreAbsent);
    await close(server);
    await handle.close();
  };
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** When several start on a dead lock, another may have moved our lock aside instead of the dead one, and a third taken its place. */
async function confirm(own: string, lock: string, folder: string): Promise<void> {
  await systemClock.sleep(CONFIRM_AFTER_MS);
  const [ours, current] = await Promise.all([stat(own), stat(lock).catch(ignoreAbsent)]);
  if (current?.ino !== ours.ino) throw inUse(folder);
}

/** Asks again after the move: another process may have taken the folder in between. */
async function takeAwayStale(lock: string, aside: string, folder: string): Promise<void> {
  if (await answers(lock)) throw inUse(folder);
  await rename(lock, aside).catch(ignoreAbsent);
  if (await answers(aside)) {
    await link(aside, lock).catch(() => {});
    await unlink(aside).catch(ignoreAbsent);
    throw inUse(folder);
  }
  await unlink(aside).catch(ignoreAbsent);
}

function inUse(folder: string): FolderInUse {
  return new FolderInUse(
    `another agent uses the state folder ${folder}: stop it, or give this one a folder of its own`,
  );
}

function answers(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path);
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}

function ignoreAbsent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  server.close();
  await once(server, 'close');
}
