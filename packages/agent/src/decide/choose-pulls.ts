import { type ImageRef, type Plan, type PlanItem, registryOf, type WaitReason } from '@kube-prefetch/protocol';
import type { Cell } from './judge-cells.ts';
import { bytesToWrite, type DiskLimit, freeForPulls, judgeRunning } from './fit-on-disk.ts';
import type { Histories } from './image-history.ts';
import { countByRegistry, registrySlots } from './registry-slots.ts';
import { isSlow, maySlowAtMs, type RunningPull } from './judge-stall.ts';

/** How long all tries must have failed before a pull starts without a permit. */
const ALONE_PULL_AFTER_MS = 10_000;
/** How often the line looks whether a pull has become slow. */
const SLOW_LOOK_MS = 20_000;
/** After so many failures in a row an image goes behind those that failed less often. */
const YIELD_AFTER_FAILURES = 2;

export interface Choice {
  readonly plan: Plan | undefined;
  readonly cells: readonly Cell[];
  readonly running: ReadonlyMap<ImageRef, RunningPull>;
  readonly histories: Histories;
  readonly disk: DiskLimit;
  /** Images whose pull the coordinator permits now. */
  readonly permits: ReadonlySet<ImageRef>;
  /** Undefined while a coordinator answers. */
  readonly alone: Alone | undefined;
  readonly parallelPulls: number;
  /** A pull that moves slower takes no slot. */
  readonly slowPullBytesPerSecond: number;
  /** The longest time between two looks. */
  readonly verifyAfterMs: number;
}

/** No coordinator has answered since the first of several failed tries. This stays so until one answers, however long looks take. */
export interface Alone {
  readonly sinceMs: number;
  readonly lastTryMs: number;
}

export interface PullOrder {
  readonly image: ImageRef;
  readonly withoutPermit: boolean;
  readonly sizeBytes: number | undefined;
  /** Whoever asks for the image brings pull secrets: credentials are asked for first. */
  readonly ask: boolean;
  /** They could not be had before. */
  readonly waited: boolean;
  /** The name of the credential that worked last. */
  readonly lastCredential: string | undefined;
  /** The contents wanted, where they are known. */
  readonly digest: string | undefined;
}

export interface CancelOrder {
  readonly image: ImageRef;
  /** No longer in the plan, larger than the room that is left, or the disk is past its limit. */
  readonly why: 'unplanned' | 'tooLarge' | 'overLimit';
}

export interface WantedPermit {
  readonly image: ImageRef;
  readonly priority: number;
}

export interface Chosen {
  readonly cancel: readonly CancelOrder[];
  /** Running pulls that have room for a size that was not known before. */
  readonly fit: readonly { readonly image: ImageRef; readonly sizeBytes: number }[];
  readonly start: readonly PullOrder[];
  /** In pull order, and as many as there are slots: when a pull ends, the permit of the next one is there already. */
  readonly wanted: readonly WantedPermit[];
  /** As they are once this is done. */
  readonly cells: readonly Cell[];
  /** The earliest moment at which time alone changes something. */
  readonly dueMs: number;
}

/** Which pulls start, which stop and which permits are wanted. Running pulls keep their slots and the disk space they fit into. */
export function choosePulls(choice: Choice, now: number): Chosen {
  const items = new Map(choice.plan?.items.map(item => [item.image, item]));
  const waits = new Map<ImageRef, WaitReason>();
  const startable = inPullOrder(choice.cells.filter(mayPull), items).filter(cell => {
    const obstacle = obstacleOf(cell, items.get(cell.image), choice.plan, now);
    if (obstacle !== undefined) waits.set(cell.image, obstacle);
    return obstacle === undefined;
  });
  const { cancel, fit } = judgeRunningPulls(choice, items);
  const { start, wanted } = allot(startable, items, choice, cancel, waits, now);
  return {
    cancel,
    fit,
    start,
    wanted,
    cells: withWaits(choice.cells, start, waits),
    dueMs: Math.min(now + choice.verifyAfterMs, ...retryTimes(choice, items, now), ...slowTimes(choice, waits, now)),
  };
}

function judgeRunningPulls(choice: Choice, items: ReadonlyMap<ImageRef, PlanItem>): Pick<Chosen, 'cancel' | 'fit'> {
  const running = [...choice.running.values()];
  const unplanned = running.filter(pull => !pull.cancelled && !items.has(pull.image)).map(pull => pull.image);
  const stopping = running.map(pull => (unplanned.includes(pull.image) ? { ...pull, cancelled: true } : pull));
  const { fit, ...stops } = judgeRunning(choice.disk, stopping);
  const cancel = Object.entries({ unplanned, ...stops }).flatMap(([why, images]) =>
    images.map(image => ({ image, why: why as CancelOrder['why'] })),
  );
  return { cancel, fit };
}

const mayPull = ({ state }: Cell) => state === 'Missing' || state === 'Failed' || state === 'Stale';

function inPullOrder(cells: readonly Cell[], items: ReadonlyMap<ImageRef, PlanItem>): readonly Cell[] {
  const yields = (cell: Cell) => ((cell.attempts ?? 0) >= YIELD_AFTER_FAILURES ? 1 : 0);
  const priority = (cell: Cell) => items.get(cell.image)?.priority ?? 0;
  const isThere = (cell: Cell) => Number(cell.state === 'Stale');
  // The sort is stable: equals stay in the order of the plan.
  return cells.toSorted((a, b) => yields(a) - yields(b) || priority(b) - priority(a) || isThere(a) - isThere(b));
}

function obstacleOf(
  cell: Cell,
  item: PlanItem | undefined,
  plan: Plan | undefined,
  now: number,
): WaitReason | undefined {
  if (!item?.start) return 'Suspended';
  if (plan?.held !== undefined) return 'Held';
  if (cell.retryAtMs !== undefined && cell.retryAtMs > now) return 'Retry';
  return cell.askAgainMs !== undefined && cell.askAgainMs > now ? 'Credentials' : undefined;
}

/** Hands out slots, disk space and permits in order. An image that cannot start holds up none behind it. */
function allot(
  startable: readonly Cell[],
  items: ReadonlyMap<ImageRef, PlanItem>,
  choice: Choice,
  cancel: readonly CancelOrder[],
  waits: Map<ImageRef, WaitReason>,
  now: number,
): Pick<Chosen, 'start' | 'wanted'> {
  const start: PullOrder[] = [];
  const wanted: WantedPermit[] = [];
  let slots = freeSlots(choice, now);
  const stopped = new Set(cancel.map(({ image }) => image));
  const going = choice.running.values().filter(pull => !stopped.has(pull.image));
  let freeBytes = freeForPulls(choice.disk, going);
  let mayStartAlone = mayPullAlone(choice);
  const slotsOf = registrySlots(choice.histories, choice.parallelPulls, now);
  const pulling = countByRegistry(choice.running.keys());
  for (const { image, state, waitingBecause } of startable) {
    const needBytes = bytesToWrite(image, choice.disk.sizes);
    const registry = registryOf(image);
    const fromRegistry = pulling.get(registry) ?? 0;
    const permitted = choice.permits.has(image);
    // What is there only in older contents can wait for a coordinator.
    const mayHeal = state !== 'Stale' && mayStartAlone && healDueMs(image, choice.histories) <= now;
    const withoutPermit = !permitted && mayHeal;
    if (freeBytes <= 0 || needBytes > freeBytes) waits.set(image, 'Disk');
    else if (fromRegistry >= slotsOf(registry)) waits.set(image, 'Registry');
    else if (slots > 0 && (permitted || withoutPermit)) {
      start.push({
        image,
        withoutPermit,
        sizeBytes: choice.disk.sizes.get(image),
        ask: items.get(image)?.credentials === true,
        waited: waitingBecause !== undefined,
        lastCredential: choice.histories.get(image)?.lastCredential,
        digest: items.get(image)?.digest,
      });
      slots -= 1;
      pulling.set(registry, fromRegistry + 1);
      freeBytes -= needBytes;
      if (withoutPermit) mayStartAlone = false;
    } else {
      if (wanted.length < choice.parallelPulls) wanted.push({ image, priority: items.get(image)?.priority ?? 0 });
      // To ask for credentials again takes a permit too, and what held it up before most likely does so still.
      waits.set(image, waitingBecause !== undefined ? 'Credentials' : slots > 0 ? 'Permit' : 'Slot');
    }
  }
  return { start, wanted };
}

/** Pulls that trickle give way to others, until twice as many run as otherwise may. */
export function freeSlots(
  {
    running,
    parallelPulls,
    slowPullBytesPerSecond,
  }: Pick<Choice, 'running' | 'parallelPulls' | 'slowPullBytesPerSecond'>,
  now: number,
): number {
  const pulling = [...running.values()].filter(pull => !pull.gathering);
  const slow = pulling.filter(pull => isSlow(pull, slowPullBytesPerSecond, now)).length;
  return Math.min(parallelPulls + slow, 2 * parallelPulls) - pulling.length;
}

function mayPullAlone({ alone, running }: Choice): boolean {
  if (alone === undefined || alone.lastTryMs < alone.sinceMs + ALONE_PULL_AFTER_MS) return false;
  return !running.values().some(pull => pull.withoutPermit);
}

function healDueMs(image: ImageRef, histories: Histories): number {
  return histories.get(image)?.healAtMs ?? 0;
}

/** A Missing cell that waits becomes Waiting; a Failed or Stale one stays so, which says more. */
function withWaits(
  cells: readonly Cell[],
  start: readonly PullOrder[],
  waits: ReadonlyMap<ImageRef, WaitReason>,
): readonly Cell[] {
  const started = new Set(start.map(order => order.image));
  return cells.map(cell => {
    const { waitingBecause } = cell;
    if (started.has(cell.image)) {
      if (waitingBecause !== undefined) return { ...cell, state: 'Waiting', waitingFor: 'Credentials' };
      return { ...cell, state: 'Pulling', retryAtMs: undefined };
    }
    const waitingFor = waits.get(cell.image);
    if (waitingFor === undefined) return cell;
    if (cell.state === 'Stale') return { ...cell, waitingFor };
    return cell.state === 'Missing' ? { ...cell, state: 'Waiting', waitingFor } : cell;
  });
}

/** When a pull that has a slot may have become slow, while another image waits for one. */
function slowTimes({ running }: Choice, waits: ReadonlyMap<ImageRef, WaitReason>, now: number): readonly number[] {
  if (!waits.values().some(reason => reason === 'Slot')) return [];
  return [...running.values()].map(({ pace }) => Math.max(maySlowAtMs(pace), now + SLOW_LOOK_MS));
}

function retryTimes({ cells, plan }: Choice, items: ReadonlyMap<ImageRef, PlanItem>, now: number): readonly number[] {
  if (plan?.held !== undefined) return [];
  return cells.flatMap(({ image, retryAtMs = 0, askAgainMs = 0 }) => {
    const dueMs = Math.max(retryAtMs, askAgainMs);
    return dueMs > now && items.get(image)?.start ? [dueMs] : [];
  });
}
