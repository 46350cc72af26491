import { join } from 'node:path';
import { goBuild, type Say } from '../machine/index.ts';

const MODULE = 'go.etcd.io/etcd/server/v3';

export async function etcdProgram({ say }: { say?: Say } = {}): Promise<string> {
  const folder = await goBuild({
    name: 'etcd',
    module: MODULE,
    version: 'v3.6.14',
    packages: [MODULE],
    takes: 'about a minute on 2 cores',
    say,
  });
  return join(folder, 'server'); // as Go names the program of such an import path
}
