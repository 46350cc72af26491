import type { NodeTaints } from '@kube-prefetch/cluster';
import type { ClusterState, Node } from '@kube-prefetch/core';
import type { Log } from '@kube-prefetch/process';
import { resourceName } from '@kube-prefetch/protocol';
import { backoffMs, type Clock, createTrigger, withDeadline } from '@kube-prefetch/time';
import type { Fleet } from '../fleet/index.ts';
import { type Opening, judgeGate } from './judge-gate.ts';

export interface GateSettings {
  /** The key of a taint that new nodes carry. Whoever creates the nodes puts it on; this program never does. */
  readonly taint: string;
  /** Whose images a node must hold before it is opened, by `resourceName`. */
  readonly resources: readonly string[];
  readonly deadlineMs: number;
}

export interface GateParts extends GateSettings {
  readonly taints: NodeTaints;
  readonly clock: Clock;
  readonly log: Log;
  readonly opened: (reason: Opening['reason']) => void;
}

/** Keeps pods off new nodes until these are warm, by a startup taint. Only the leader opens nodes. */
export interface Gate {
  /** Judges every node with the taint. `run` opens those that it finds ready, beside the line. */
  look(state: ClusterState, fleet: Pick<Fleet, 'node'>, now: number): void;
  /** When the next deadline passes. */
  nextDueMs(): number;
  /** How many nodes carry the taint. */
  waiting(): number;
  /** Opens nodes until the signal aborts; rejects with its reason. */
  run(signal: AbortSignal): Promise<never>;
}

interface Waiting {
  /** When this leader first saw the node: a new leader counts from its own first look. */
  readonly sinceMs: number;
  opening: Opening | undefined;
  failures: number;
  retryMs: number;
  done: boolean;
}

const CALL_MS = 10_000;
const RETRY = { baseMs: 1_000, capMs: 60_000 };

export function createGate({ taint, resources, deadlineMs, taints, clock, log, opened }: GateParts): Gate {
  const names = new Set(resources);
  /** By node. */
  const waiting = new Map<string, Waiting>();
  const trigger = createTrigger(clock);

  const open = async (node: string, entry: Waiting, opening: Opening, signal: AbortSignal) => {
    try {
      const what = `taking ${taint} off a node`;
      const outcome = await withDeadline(clock, CALL_MS, signal, what, inTime => taints.remove(node, taint, inTime));
      entry.done = true;
      if (outcome !== 'removed') return;
      log.info({ node, ...opening }, 'node opened for pods');
      opened(opening.reason);
      const { reason } = opening;
      const type = reason === 'NodeWarm' ? 'Normal' : 'Warning';
      const look = reason === 'NodeWarm' ? '' : `; to see why: kubectl prefetch explain node/${node}`;
      await withDeadline(clock, CALL_MS, signal, 'sending an event', inTime =>
        taints.event(node, { type, reason, message: `${opening.message}${look}` }, inTime),
      );
    } catch (err) {
      signal.throwIfAborted();
      if (entry.done) {
        log.warn({ err, node }, 'event not sent');
        return;
      }
      entry.failures += 1;
      entry.retryMs = clock.monotonicMs() + backoffMs(entry.failures, 1, RETRY);
      log.warn({ err, node, failures: entry.failures }, 'node not opened for pods');
    }
  };

  return {
    look(state, fleet, now) {
      const gated = state.nodes.filter(node => node.taints.some(({ key }) => key === taint));
      const unsure = whyUnsure(state, resources);
      const found = new Set(gated.map(({ name }) => name));
      for (const name of waiting.keys()) if (!found.has(name)) waiting.delete(name);
      for (const node of gated) {
        const entry = waiting.get(node.name) ?? {
          sinceMs: now,
          opening: undefined,
          failures: 0,
          retryMs: 0,
          done: false,
        };
        waiting.set(node.name, entry);
        entry.opening ??= judgeGate(
          { ...gatedNode(node, names, fleet), unsure, waitedMs: now - entry.sinceMs },
          deadlineMs,
        );
      }
      trigger.fire();
    },
    nextDueMs: () =>
      Math.min(
        Infinity,
        ...[...waiting.values()]
          .filter(({ opening }) => opening === undefined)
          .map(({ sinceMs }) => sinceMs + deadlineMs),
      ),
    waiting: () => waiting.size,
    async run(signal) {
      waiting.clear();
      for (;;) {
        const closed = [...waiting].filter(([, { opening, done }]) => opening !== undefined && !done);
        for (const [node, entry] of closed) {
          const { opening, retryMs } = entry;
          if (opening !== undefined && retryMs <= clock.monotonicMs()) await open(node, entry, opening, signal);
        }
        const left = closed.filter(([, { done }]) => !done).map(([, { retryMs }]) => retryMs);
        await trigger.next(Math.min(Infinity, ...left), signal);
      }
    },
  };
}

/** A gap or a resource that does not exist: more may be wanted than is known. */
function whyUnsure({ gaps, resources }: ClusterState, wanted: readonly string[]): string | undefined {
  const [gap] = gaps;
  if (gap !== undefined) return gap;
  const known = new Set(resources.map(({ ref }) => resourceName(ref)));
  const missing = wanted.find(name => !known.has(name));
  return missing === undefined ? undefined : `${missing} does not exist`;
}

function gatedNode({ name, ready }: Node, names: ReadonlySet<string>, fleet: Pick<Fleet, 'node'>) {
  const record = fleet.node(name);
  const asks = record?.home.cohort.asks.filter(({ resource }) => names.has(resourceName(resource))) ?? [];
  const byImage = Map.groupBy(asks, ({ image }) => image);
  return {
    ready,
    applicable: record?.home.cohort.applicable ?? true,
    wanted: [...byImage].map(([image, same]) => ({ image, start: same.some(({ start }) => start) })),
    cellOf: (image: string) => (record?.silent ? undefined : record?.heard?.cells.get(image)),
  };
}
