import { BOARD_BEAT_MS, BOARD_EVENTS, type BoardDelta, type BoardSnapshot } from '@kube-prefetch/protocol/board';
import type { Problem } from '@kube-prefetch/protocol';
import { computed, signal } from '@preact/signals';
import {
  applyDelta,
  type BoardModel,
  countBytes,
  countStates,
  countWaits,
  openModel,
  type Touched,
} from '../../model/board-model.ts';

/** What the page knows of its coordinator. */
export type BoardConnection =
  | { readonly is: 'connecting' | 'live' | 'asleep' }
  /** What is shown is of `since`. */
  | { readonly is: 'away'; readonly since: Date | undefined; readonly why: string }
  | { readonly is: 'elsewhere'; readonly problem: Problem };

/** Of a page that nobody looks at: a browser opens only six connections to one address, for all of its windows. */
const SLEEP_AFTER_MS = 60_000;
const LONGEST_PAUSE_MS = 5_000;
const SHORTEST_PAUSE_MS = 500;

export const connection = signal<BoardConnection>({ is: 'connecting' });
/** The same object until a new snapshot; `version` tells that something in it changed. */
export const board = signal<BoardModel | undefined>(undefined);
export const version = signal(0);
/** Of all cells. */
const bytes = computed(() => {
  void version.value;
  return board.value && countBytes(board.value);
});
export const counts = computed(() => bytes.value && countStates(bytes.value));
export const waits = computed(() => bytes.value && countWaits(bytes.value));
/** As `version`, of which nodes and images there are. */
export const slotsVersion = signal(0);

type Watcher = (touched: Touched) => void;
const watchers = new Set<Watcher>();
/** Is told of every change of cells, at once. Returns what ends that. */
export function watchCells(watcher: Watcher): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

let heardAt: Date | undefined;
/** Ends a pause between two tries. */
let hurry = () => {};

/** Follows the coordinator for as long as the page is open. */
export async function stayConnected(): Promise<never> {
  document.addEventListener('visibilitychange', () => hurry());
  window.addEventListener('online', () => hurry());
  for (let pauseMs = SHORTEST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    await untilLookedAt();
    try {
      const snapshot = await takeSnapshot();
      if (snapshot === undefined) continue;
      board.value = openModel(snapshot);
      changed({ slots: true, cells: 'all' });
      connection.value = { is: 'live' };
      pauseMs = SHORTEST_PAUSE_MS;
      const why = await follow(snapshot.cursor);
      if (why !== 'restart' && why !== 'asleep') connection.value = { is: 'away', since: heardAt, why };
    } catch (error) {
      connection.value = { is: 'away', since: heardAt, why: error instanceof Error ? error.message : String(error) };
    }
    await pause(pauseMs);
  }
}

async function takeSnapshot(): Promise<BoardSnapshot | undefined> {
  const answer = await fetch('/v1/cells', { cache: 'no-store' });
  if (!answer.ok) {
    const problem = (await answer.json()) as Problem;
    if (problem.code !== 'NotLeader') throw new Error(problem.message);
    connection.value = { is: 'elsewhere', problem };
    await pause(LONGEST_PAUSE_MS);
    return undefined;
  }
  const snapshot = (await answer.json()) as BoardSnapshot;
  heardAt = new Date();
  reloadIfOld(snapshot.script);
  return snapshot;
}

/** The coordinator may be of another version than the one that this page came from. Once for each: a proxy may keep the old page. */
function reloadIfOld(script: string): void {
  if (script === '' || script === new URL(import.meta.url).pathname || sessionStorage.getItem('loaded') === script)
    return;
  sessionStorage.setItem('loaded', script);
  location.reload();
}

/** Resolves with the reason when the page cannot follow any longer. */
function follow(cursor: string): Promise<string> {
  return new Promise(resolve => {
    const events = new EventSource(`/v1/events?after=${encodeURIComponent(cursor)}`);
    let hiddenMs = 0;
    const end = (why: string) => {
      events.close();
      clearInterval(watch);
      resolve(why);
    };
    const watch = setInterval(() => {
      hiddenMs = document.hidden ? hiddenMs + 1_000 : 0;
      if (hiddenMs >= SLEEP_AFTER_MS) end('asleep');
      else if (Date.now() - (heardAt?.getTime() ?? 0) > 2.5 * BOARD_BEAT_MS) end('the connection is silent');
    }, 1_000);
    const heard = () => {
      heardAt = new Date();
      if (connection.value.is !== 'live') connection.value = { is: 'live' };
    };
    events.addEventListener(BOARD_EVENTS.beat, heard);
    events.addEventListener(BOARD_EVENTS.delta, event => {
      heard();
      try {
        if (board.value === undefined) return;
        changed(applyDelta(board.value, JSON.parse(event.data) as BoardDelta));
      } catch {
        end('restart');
      }
    });
    events.addEventListener(BOARD_EVENTS.restart, () => end('restart'));
    events.addEventListener('error', () => {
      if (events.readyState === EventSource.CLOSED) end('the connection was refused');
      else connection.value = { is: 'away', since: heardAt, why: 'the connection was lost' };
    });
  });
}

let due = false;
/** Whatever shows the model is drawn anew once for all changes of a frame. */
function changed(touched: Touched): void {
  if (touched.slots) slotsVersion.value += 1;
  for (const watcher of watchers) watcher(touched);
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    version.value += 1;
  });
}

async function untilLookedAt(): Promise<void> {
  if (!document.hidden) return;
  connection.value = { is: 'asleep' };
  await new Promise<void>(resolve => {
    const look = () => {
      if (document.hidden) return;
      document.removeEventListener('visibilitychange', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
  });
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, ms * (0.75 + Math.random() / 2));
    hurry = () => {
      if (document.hidden) return;
      clearTimeout(timer);
      resolve();
    };
  });
}
