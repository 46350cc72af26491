import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { goBuild, type Say } from '../machine/index.ts';

/** CoreDNS with the few plugins that a cluster needs. */
export async function dnsProgram({ say }: { say?: Say } = {}): Promise<string> {
  const source = fileURLToPath(new URL('dns', import.meta.url));
  return join(await goBuild({ name: 'dns', source, takes: 'about 2 minutes on 2 cores', say }), 'dns');
}
