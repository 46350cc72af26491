import { setTimeout as sleep } from 'node:timers/promises';
import { createTrigger, systemClock } from '@kube-prefetch/time';
import type { Send } from './connect.ts';

/** As in the agent. */
const POLL_SECONDS = 50;
const LEAST_ROUND_MS = 500;
const LONGEST_SILENCE_MS = 55_000;
const LATELY_MS = 5_000;
const URGENT_MS = 250;
const ORDINARY_MS = 1_000;
const FIRST_REPORT_MS = 1_000;
const PERMIT_WAIT_MS = 10_000;
/** Agents that lost their coordinator come back within this time. */
const JITTER_MS = 10_000;
/** How long a pull takes. */
const PULL_MS = { least: 2_000, most: 5_000 };

/** What the agents of one process share. */
export interface AgentsWorld {
  /** Called when an agent has a plan, zipped. Its images, read once for all agents: on a real node an agent has its own processor. */
  received(revision: string, body: Buffer): readonly string[];
  /** Until then agents do nothing about what they received. */
  holdUntilMs(): number;
}

export interface SimulatedAgentParts {
  readonly node: string;
  readonly send: Send;
  readonly world: AgentsWorld;
}

type CellState = 'Waiting' | 'Pulling' | 'Present';

/** One agent as the coordinator sees it, on a node whose images are there from the start. */
export async function simulateAgent({ node, send, world }: SimulatedAgentParts): Promise<never> {
  const base = `/v1/nodes/${node}`;
  const agent = { id: node, startedAt: new Date().toISOString(), version: '0.1.0' };
  const wake = createTrigger(systemClock);
  const never = new AbortController().signal;
  let revision: string | undefined;
  let cells: ReadonlyMap<string, Cell> = new Map();
  /** Images whose cells changed since the last report. */
  let changed = new Set<string>();
  /** Whether the coordinator took that report; if not it needs everything. */
  let told = false;
  let gone: string[] = [];
  let sequence = 0;
  let sentMs = -Infinity;
  let news: number | undefined;
  let awayUntilMs = 0;
  let lostMs = -Infinity;
  let notBeforeMs = -Infinity;
  let beats: PromiseWithResolvers<void> | undefined;

  const lost = () => {
    const now = performance.now();
    lostMs = now;
    if (awayUntilMs <= now) awayUntilMs = now + Math.random() * JITTER_MS;
  };
  const online = async () => {
    while (performance.now() < awayUntilMs) await sleep(awayUntilMs - performance.now());
  };
  const setCells = (images: readonly string[], state: CellState) => {
    const next = new Map(cells);
    for (const image of images) {
      if (!next.has(image)) continue;
      next.set(image, { image, state, sinceMs: Date.now() });
      changed.add(image);
    }
    cells = next;
    tell(state === 'Pulling' ? ORDINARY_MS : URGENT_MS);
  };
  const tell = (spacingMs: number) => {
    news = Math.min(news ?? Infinity, spacingMs);
    wake.fire();
  };
  /** A report between two polls, over their connection. */
  const beat = async () => {
    if (performance.now() - sentMs >= LATELY_MS) await reportAndBeat();
  };
  const beatAfterLoss = async () => {
    if (sentMs <= lostMs) {
      told = false;
      await reportAndBeat();
    } else if (!told) await nextBeat();
  };
  const nextBeat = () => (beats ??= Promise.withResolvers()).promise;
  const reportAndBeat = async () => {
    if (revision === undefined) return;
    tell(ORDINARY_MS);
    await nextBeat();
  };
  const beaten = () => {
    beats?.resolve();
    beats = undefined;
  };

  const pull = async (images: readonly string[]) => {
    setCells(images, 'Waiting');
    const wanting = images.map(image => ({ image, priority: 0 }));
    for (let granted = false; !granted; ) {
      const answer = await leases({ holding: [], wanting, waitMs: PERMIT_WAIT_MS });
      granted = answer !== undefined && (JSON.parse(answer) as { granted: unknown[] }).granted.length > 0;
    }
    setCells(images, 'Pulling');
    await sleep(PULL_MS.least + Math.random() * (PULL_MS.most - PULL_MS.least));
    setCells(images, 'Present');
    await leases({ holding: [], wanting: [], waitMs: 0 });
  };
  const leases = async (body: LeaseRequest): Promise<string | undefined> => {
    await online();
    try {
      const answer = await send({
        method: 'POST',
        path: `${base}/leases`,
        body: JSON.stringify(body),
        waitMs: body.waitMs,
      });
      if (answer.status < 400) return answer.body.toString();
    } catch {
      // as below
    }
    lost();
    return undefined;
  };

  const adopt = async (next: string, body: Buffer) => {
    const images = world.received(next, body);
    const isFirst = revision === undefined;
    revision = next;
    await sleep(Math.max(0, world.holdUntilMs() - performance.now()));
    const before = cells;
    // What is there when an agent starts, it finds at one moment.
    const sinceMs = Date.now();
    cells = new Map(images.map(image => [image, before.get(image) ?? { image, state: 'Present', sinceMs }]));
    gone = [...gone, ...[...before.keys()].filter(image => !cells.has(image))];
    const added = isFirst ? [] : images.filter(image => !before.has(image));
    if (added.length > 0) {
      notBeforeMs = performance.now() + URGENT_MS;
      void pull(added);
    } else tell(URGENT_MS);
    await Promise.race([nextBeat(), sleep(FIRST_REPORT_MS)]);
  };

  const followPlan = async (): Promise<never> => {
    for (;;) {
      const isAfterLoss = awayUntilMs > performance.now();
      await online();
      if (isAfterLoss) await beatAfterLoss();
      const askedMs = performance.now();
      try {
        const path = `${base}/plan?wait=${POLL_SECONDS}`;
        const { status, headers, body } = await send({
          method: 'GET',
          path,
          ...(revision && { have: revision }),
          waitMs: POLL_SECONDS * 1_000,
        });
        if (status === 304) {
          await sleep(Math.max(0, askedMs + LEAST_ROUND_MS - performance.now()));
          await beat();
        } else if (status === 200) await adopt(headers.etag?.replaceAll('"', '') ?? '', body);
        else lost();
      } catch {
        lost();
      }
    }
  };

  const report = async (): Promise<never> => {
    for (;;) {
      const dueMs = () =>
        revision === undefined ? Infinity : Math.max(notBeforeMs, sentMs + (news ?? LONGEST_SILENCE_MS));
      await wake.next(dueMs(), never);
      if (performance.now() < dueMs()) continue;
      await online();
      const full = !told;
      const cellsTold = full ? [...cells.values()] : [...changed].flatMap(image => cells.get(image) ?? []);
      sequence += 1;
      const head = { agent, sequence, full, planRevision: revision, runtime: { name: 'containerd', version: '2.4.2' } };
      const lists = `"cells":[${cellsTold.map(textOf).join()}],"gone":${JSON.stringify(full ? [] : gone)}`;
      const body = `${JSON.stringify(head).slice(0, -1)},${lists}}`;
      sentMs = performance.now();
      news = undefined;
      told = false;
      changed = new Set();
      gone = [];
      try {
        const answer = await send({ method: 'POST', path: `${base}/report`, body });
        if (answer.status >= 400) throw new Error(`refused with ${answer.status}`);
        if (!(JSON.parse(answer.body.toString()) as { sendFull: boolean }).sendFull) {
          told = true;
          beaten();
          continue;
        }
      } catch {
        lost();
        beaten();
      }
      news = URGENT_MS;
    }
  };
  return Promise.race([followPlan(), report()]);
}

interface LeaseRequest {
  readonly holding: readonly object[];
  readonly wanting: readonly object[];
  readonly waitMs: number;
}

interface Cell {
  readonly image: string;
  readonly state: CellState;
  readonly sinceMs: number;
}

/** What is the same for all nodes that hold an image. */
const present = new Map<string, string>();

/** As JSON. */
function textOf({ image, state, sinceMs }: Cell): string {
  const since = new Date(sinceMs).toISOString();
  if (state !== 'Present') {
    const why = state === 'Waiting' ? ',"waitingFor":"Permit"' : ',"pull":{"elapsedMs":1000,"doneBytes":1000000}';
    return `{"image":"${image}","state":"${state}","since":"${since}"${why}}`;
  }
  let text = present.get(image);
  if (text === undefined) {
    const digest = Buffer.from(image).toString('hex').padEnd(64, '0').slice(-64);
    text = `"sizeBytes":${50_000_000 + image.length},"digests":["${image.replace(/:[^:/]*$/, '')}@sha256:${digest}"]`;
    present.set(image, text);
  }
  return `{"image":"${image}","state":"Present","since":"${since}",${text}}`;
}
