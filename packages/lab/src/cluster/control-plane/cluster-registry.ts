import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Image } from '../../images/index.ts';
import { type CommandPrefix, runIn, type Say } from '../../machine/index.ts';
import {
  type GuardedRegistry,
  parseAccessLog,
  pushImage,
  type RegistryRequest,
  startGuardedRegistry,
  startRegistry,
  writeRegistryConfig,
} from '../../debian-registry/index.ts';
import { PRIVATE_REGISTRY, REGISTRY } from '../network/addresses.ts';
import { createService, type Service } from '../../machine/service.ts';

/** The registry that the nodes reach; stopped, it can still be pushed to. */
export interface ClusterRegistry extends Service {
  /** As nodes reach it, the first part of images' references. */
  readonly address: string;
  /** As this machine reaches the same contents. */
  readonly pushAddress: string;
  /** Answers the reference under which pods find the image: by tag, or by digest without one. */
  push(repository: string, tag: string | undefined, image: Image): Promise<string>;
  /** What nodes asked it since the first start. */
  requestLog(): readonly RegistryRequest[];
  /** The same contents for those who log in, at an address of its own. Lines of htpasswd, hashed by bcrypt. */
  startPrivate(users: string): Promise<GuardedRegistry>;
  close(): Promise<void>;
}

/** Two registries on one storage: one in the cluster's network, one on this machine's loopback. */
export async function startClusterRegistry(options: {
  dir: string;
  prefix: CommandPrefix;
  say?: Say;
}): Promise<ClusterRegistry> {
  const { prefix, say } = options;
  const dir = join(options.dir, 'registry');
  mkdirSync(dir, { recursive: true });
  const push = await startRegistry({ dir, say });
  const logFile = join(options.dir, 'log', 'registry.log');
  const service = createService({
    name: 'registry',
    command: 'docker-registry',
    args: ['serve', writeRegistryConfig(dir, 'cluster', REGISTRY)],
    logFile,
    prefix,
    ready: () => runIn(prefix, 'curl', ['-sS', '--fail', '--max-time', '5', `http://${REGISTRY}/v2/`]),
  });
  await service.start();
  let closePrivate = async () => {};

  const startPrivate = async (users: string): Promise<GuardedRegistry> => {
    const logFile = join(options.dir, 'log', 'private-registry.log');
    const guarded = await startGuardedRegistry({ dir, address: PRIVATE_REGISTRY, users, logFile, prefix });
    closePrivate = () => guarded.stop();
    return guarded;
  };

  return {
    ...service,
    address: REGISTRY,
    pushAddress: push.address,
    async push(repository, tag, image) {
      const digest = await pushImage(push.address, repository, tag, image);
      return `${REGISTRY}/${repository}${tag === undefined ? `@${digest}` : `:${tag}`}`;
    },
    requestLog: () => parseAccessLog(readFileSync(logFile, 'utf8')).filter(({ path }) => path !== '/v2/'),
    startPrivate,
    async close() {
      await Promise.all([service.stop(), push.stop(), closePrivate()]);
    },
  };
}
