import type { Clock } from '@kube-prefetch/time';
import type { Duplex } from 'node:stream';
import {
  type CoordinatorPath,
  type CoordinatorViews,
  createViews,
  directPath,
  TRIES_OF_REPLICAS,
} from './coordinator.ts';
import { findLeader, type Leader, type LeaseName } from './find-leader.ts';
import { createKube, type Kube } from './kube.ts';
import { type KubeconfigChoice, loadAccess } from './kubeconfig.ts';
import { openPortForward } from './port-forward.ts';
import { CliError, EXIT } from '../print/cli-error.ts';
import type { Terminal } from '../print/terminal.ts';

/** What every command may be told. */
export interface GlobalOptions extends KubeconfigChoice {
  readonly namespace?: string;
  readonly coordinator?: LeaseName;
  readonly server?: URL;
}

/** What commands work with. */
export interface Context {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Where Prefetches are looked for. */
  namespace(): string;
  /** Undefined without a cluster: `--server`. */
  kube(): Kube | undefined;
  /** Throws CliError without a cluster. */
  needKube(what: string): Kube;
  readonly path: CoordinatorPath;
  readonly views: CoordinatorViews;
}

/** The admin listener of the coordinator, which listens on its pod's loopback. */
const ADMIN_PORT = 7071;

export function createContext(
  options: GlobalOptions,
  { terminal, clock, signal }: Pick<Context, 'terminal' | 'clock' | 'signal'>,
): Context {
  let loaded: Kube | undefined;
  const kube = () => {
    if (options.server !== undefined) return undefined;
    loaded ??= createKube(loadAccess(options), clock);
    return loaded;
  };
  const needKube = (what: string): Kube => {
    const found = kube();
    if (found !== undefined) return found;
    throw new CliError(`${what} needs a cluster: leave out --server`, { exitCode: EXIT.usage });
  };
  const leader = (inTime: AbortSignal) => findLeader(needKube('the leader'), options.coordinator, inTime);
  const path =
    options.server === undefined ? podPath(() => needKube('a port-forward'), leader) : directPath(options.server);
  return {
    terminal,
    clock,
    signal,
    namespace: () => options.namespace ?? kube()?.namespace ?? 'default',
    kube,
    needKube,
    path,
    views: createViews(path, clock, terminal.err),
  };
}

/** Through the API server, to the pod that leads. The Lease is read for each connection: another one may lead by then. */
function podPath(kube: () => Kube, leader: (inTime: AbortSignal) => Promise<Leader>): CoordinatorPath {
  let pod = 'the pod that leads';
  return {
    describe: () => pod,
    tries: TRIES_OF_REPLICAS,
    async open(signal): Promise<Duplex> {
      const found = await leader(signal);
      pod = `pod ${found.namespace}/${found.pod}`;
      return openPortForward(kube(), { namespace: found.namespace, pod: found.pod, port: ADMIN_PORT }, signal);
    },
  };
}
