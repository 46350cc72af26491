import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAccessLog, type RegistryRequest } from './parse-access-log.ts';
import { writeRegistryConfig } from './registry-config.ts';
import { type Child, freePort, needDebianPackages, type Say, startServer } from '../machine/index.ts';

const READY_MS = 120_000;

export interface Registry {
  /** `127.0.0.1:5000`, the first part of its images' references. */
  readonly address: string;
  /** How many requests reached it since it was first started, those of pushes included. */
  requests(): number;
  requestLog(): readonly RegistryRequest[];
  stop(): Promise<void>;
  /** Again on the same port, with the same contents. */
  start(): Promise<void>;
}

/** Debian's docker-registry on loopback, with everything it keeps under `dir`. */
export async function startRegistry(options: { dir: string; port?: number; say?: Say }): Promise<Registry> {
  await needDebianPackages(['docker-registry'], options);
  const address = `127.0.0.1:${options.port ?? (await freePort())}`;
  const logFile = join(options.dir, 'registry.log');
  const configFile = writeRegistryConfig(options.dir, 'registry', address);
  let child: Child | undefined;

  const registry: Registry = {
    address,
    requests: () => registry.requestLog().length,
    requestLog: () => parseAccessLog(readFileSync(logFile, 'utf8')),
    async stop() {
      await child?.stop();
    },
    async start() {
      ({ child } = await startServer({
        name: 'docker-registry',
        command: 'docker-registry',
        args: ['serve', configFile],
        logFile,
        ready: () => answers(address),
        serves: `the registry on ${address}`,
        readyMs: READY_MS,
      }));
    },
  };
  await registry.start();
  return registry;
}

async function answers(address: string): Promise<boolean> {
  const answer = await fetch(`http://${address}/`);
  return answer.ok;
}
