import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';

const RANGE = '/proc/sys/net/ipv4/ip_local_port_range';
/** Where a machine does not say. */
const USUAL_START = 32_768;
const FIRST = 20_000;
const MAX_TRIES = 1_000;

/**
 * A port of 127.0.0.1 that nobody listened on just now, another one each time, also in other processes of ours while this one lives: two
 * folders of tests may run at once. It lies below those that the kernel gives to outgoing connections: one of them may otherwise have it
 * before it is listened on, or while what listens there restarts.
 */
export async function freePort(): Promise<number> {
  const end = startOfOutgoing();
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const port = randomInt(FIRST, end);
    if ((await reserve(port)) && (await isFree(port))) return port;
  }
  throw new Error(`expected a free port of 127.0.0.1 from ${FIRST} to ${end}, found none in ${MAX_TRIES} tries`);
}

function startOfOutgoing(): number {
  try {
    return Math.max(FIRST + MAX_TRIES, Number(readFileSync(RANGE, 'utf8').split(/\s+/)[0]));
  } catch {
    return USUAL_START;
  }
}

/** By a name among the sockets of this network, which the kernel takes back when the process ends. */
function reserve(port: number): Promise<boolean> {
  return listens(createServer().unref().listen(`\0kube-prefetch-port-${port}`));
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  if (!(await listens(server))) return false;
  server.close();
  await once(server, 'close');
  return true;
}

async function listens(server: Server): Promise<boolean> {
  try {
    await once(server, 'listening');
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
}
