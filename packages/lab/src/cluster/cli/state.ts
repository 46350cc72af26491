import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../../set-up/index.ts';
import type { Cluster } from '../start-cluster.ts';

/** What the other commands know about the cluster that `up` left running. */
export interface RunningCluster {
  /** Of the process that holds the cluster. */
  readonly owner: number;
  readonly folder: string;
  /** Of the processes that hold its namespaces open. */
  readonly controlPlane: number;
  readonly nodes: readonly { readonly number: number; readonly pid: number }[];
  readonly env: NodeJS.ProcessEnv;
  /** The registry as nodes and as this machine reach it. */
  readonly registry: string;
  readonly pushAddress: string;
}

export interface RunningClusterFile {
  write(folder: string, cluster: Cluster): void;
  remove(): void;
  /** Undefined where none runs; the file of one that was killed tells nothing. */
  read(): RunningCluster | undefined;
  /** Throws where none runs. */
  need(): RunningCluster;
}

export function stateFile(name: string): RunningClusterFile {
  const file = join(cacheFolder(), 'clusters', `${name}.json`);
  return {
    write(folder, cluster) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, JSON.stringify(stateOf(folder, cluster)), { mode: 0o600 });
    },
    remove: () => rmSync(file, { force: true }),
    read: () => readRunning(file),
    need() {
      const state = readRunning(file);
      if (state === undefined) throw new Error('no such cluster is running; start it with npm run cluster -- up');
      return state;
    },
  };
}

function stateOf(folder: string, { pid, nodes, env, registry }: Cluster): RunningCluster {
  return {
    owner: process.pid,
    folder,
    controlPlane: pid,
    nodes: nodes().map(node => ({ number: node.number, pid: node.pid })),
    env,
    registry: registry.address,
    pushAddress: registry.pushAddress,
  };
}

function readRunning(file: string): RunningCluster | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const state = JSON.parse(text) as RunningCluster;
  return isRunning(state.controlPlane) && isRunning(state.owner) ? state : undefined;
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
