import { get } from 'node:http';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { type Child, freePort, startServer } from '../../machine/index.ts';
import { goBuild } from '../../set-up/index.ts';

const READY_MS = 60_000;

export interface PacedRegistry {
  readonly address: string;
  /** Reads these blobs to their end, three at a time as containerd does, and keeps nothing. */
  read(repository: string, digests: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** Serves the OCI layouts of a folder, each connection at most so fast; 0: as fast as it goes. */
export async function startPacedRegistry(folder: string, bytesPerSecond: number): Promise<PacedRegistry> {
  const source = fileURLToPath(new URL('paced-registry', import.meta.url));
  const programs = await goBuild({ name: 'paced-registry', source, takes: 'under a minute' });
  const address = `127.0.0.1:${await freePort()}`;
  const { child }: { child: Child } = await startServer({
    name: 'paced-registry',
    command: join(programs, 'paced-registry'),
    args: [address, String(bytesPerSecond), folder],
    logFile: join(folder, 'paced-registry.log'),
    ready: async () => (await fetch(`http://${address}/v2/`)).ok,
    serves: 'the registry',
    readyMs: READY_MS,
  });
  return {
    address,
    async read(repository, digests) {
      const waiting = digests.values();
      const readOn = async () => {
        for (const digest of waiting) await readBlob(`http://${address}/v2/${repository}/blobs/${digest}`);
      };
      await Promise.all([readOn(), readOn(), readOn()]);
    },
    async stop() {
      await child.stop();
    },
  };
}

function readBlob(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, response => {
      const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
      pipeline(response, nowhere).then(resolve, reject);
    }).on('error', reject);
  });
}
