import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, type Say, freePort, startServer } from '../machine/index.ts';
import { needDebianPackages } from '../set-up/index.ts';
import { type RegistryRequest, parseAccessLog } from './parse-access-log.ts';

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

/**
 * Writes the configuration of a registry with its storage in `dir`, which several may share; answers the file. `auth`: YAML,
 * how people log in; `tls`: YAML, its certificate.
 */
export function writeRegistryConfig(dir: string, name: string, address: string, auth?: string, tls?: string): string {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, `${name}.yml`);
  const lines = [
    'version: 0.1',
    'log: {level: warn, accesslog: {disabled: false}}',
    `storage: {filesystem: {rootdirectory: ${JSON.stringify(join(dir, 'storage'))}}, delete: {enabled: true}}`,
    `http: {addr: ${JSON.stringify(address)}${tls === undefined ? '' : `, tls: ${tls}`}}`,
    ...(auth === undefined ? [] : [`auth: ${auth}`]),
    '',
  ];
  writeFileSync(file, lines.join('\n'));
  return file;
}
