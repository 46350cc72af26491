import { join } from 'node:path';
import { type CommandPrefix, runIn } from '../../machine/index.ts';
import { createService, type Service } from '../../machine/service.ts';

export interface EtcdOptions {
  readonly dir: string;
  readonly program: string;
  readonly prefix: CommandPrefix;
  readonly clientPort: number;
  readonly peerPort: number;
}

export interface Etcd extends Service {
  readonly url: string;
  /** Forgets every revision before the current one: watches and pages that resume there are told so. */
  compact(): Promise<void>;
}

/** On loopback; what it holds need not survive the machine, so it never waits for the disk. */
export function createEtcd({ dir, program, prefix, clientPort, peerPort }: EtcdOptions): Etcd {
  const url = `http://127.0.0.1:${clientPort}`;
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  const ask = (path: string, body: object) =>
    runIn(prefix, 'curl', ['-sS', '--fail-with-body', '--max-time', '10', '-d', JSON.stringify(body), `${url}${path}`]);
  const service = createService({
    name: 'etcd',
    command: program,
    args: [
      `--data-dir=${join(dir, 'etcd')}`,
      '--unsafe-no-fsync',
      '--log-level=warn',
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=default=${peerUrl}`,
    ],
    logFile: join(dir, 'log', 'etcd.log'),
    prefix,
    ready: () => ask('/v3/maintenance/status', {}),
  });
  return {
    ...service,
    url,
    async compact() {
      const status = JSON.parse(await ask('/v3/maintenance/status', {})) as { header: { revision: string } };
      await ask('/v3/kv/compaction', { revision: status.header.revision, physical: true });
    },
  };
}
