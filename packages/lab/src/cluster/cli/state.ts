import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../../machine/index.ts';
import type { Cluster } from '../start-cluster.ts';

const FILE = join(cacheFolder(), 'cluster.json');

/** What the other commands know about the cluster that `up` left running. */
export interface ClusterState {
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

export function writeState(folder: string, { pid, nodes, env, registry }: Cluster): void {
  const state: ClusterState = {
    owner: process.pid,
    folder,
    controlPlane: pid,
    nodes: nodes().map(node => ({ number: node.number, pid: node.pid })),
    env,
    registry: registry.address,
    pushAddress: registry.pushAddress,
  };
  mkdirSync(dirname(FILE), { recursive: true });
  writeFileSync(FILE, JSON.stringify(state), { mode: 0o600 });
}

export function removeState(): void {
  rmSync(FILE, { force: true });
}

/** Undefined where none runs; the file of one that was killed tells nothing. */
export function readState(): ClusterState | undefined {
  let text: string;
  try {
    text = readFileSync(FILE, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const state = JSON.parse(text) as ClusterState;
  return isRunning(state.controlPlane) && isRunning(state.owner) ? state : undefined;
}

export function needState(): ClusterState {
  const state = readState();
  if (state === undefined) throw new Error('no cluster is running; start one with npm run cluster -- up');
  return state;
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
