import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { freePort, type Say, startServer } from '../machine/index.ts';
import { parseAccessLog, type RegistryRequest } from './parse-access-log.ts';
import { type Registry, startRegistry, writeRegistryConfig } from './start-registry.ts';

const READY_MS = 120_000;

export interface TlsRegistry {
  /** Where it speaks TLS. */
  readonly address: string;
  /** Of the same contents, for whoever pushes. */
  readonly open: Registry;
  requestLog(): readonly RegistryRequest[];
  close(): Promise<void>;
}

/** Debian's docker-registry on loopback, over TLS with this certificate. */
export async function startTlsRegistry(options: {
  readonly dir: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly say?: Say;
}): Promise<TlsRegistry> {
  const { dir, certFile, keyFile, say } = options;
  const open = await startRegistry({ dir, say });
  const address = `127.0.0.1:${await freePort()}`;
  const logFile = join(dir, 'tls-registry.log');
  const tls = JSON.stringify({ certificate: certFile, key: keyFile });
  const { child } = await startServer({
    name: 'docker-registry with TLS',
    command: 'docker-registry',
    args: ['serve', writeRegistryConfig(dir, 'tls', address, undefined, tls)],
    logFile,
    ready: () => answers(address),
    serves: `the registry on ${address}`,
    readyMs: READY_MS,
  });
  return {
    address,
    open,
    requestLog: () => parseAccessLog(readFileSync(logFile, 'utf8')),
    close: async () => void (await Promise.all([child.stop(), open.stop()])),
  };
}

function answers(address: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    get(`https://${address}/`, { rejectUnauthorized: false, agent: false }, response => {
      response.resume();
      resolve(response.statusCode === 200);
    }).on('error', reject);
  });
}
