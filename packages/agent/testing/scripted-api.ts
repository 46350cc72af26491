import { createHash } from 'node:crypto';
import {
  type AgentApi,
  ApiError,
  type CellReport,
  type ErrorCode,
  type ImageCredentials,
  type ImageRef,
  type PermitAnswer,
  PermitRequest,
  messageParser,
  NodeReport,
  type Plan,
  type PlanBody,
} from '@kube-prefetch/protocol';
import { type Clock, createTrigger, type Trigger } from '@kube-prefetch/time';

/** A coordinator for one node that does as a test tells it, and checks what it is told. */
export interface ScriptedApi extends AgentApi {
  /** Publishes a plan; waiting polls answer. Returns its revision. */
  publish(plan: Partial<PlanBody>): string;
  /** Every call throws this code until `answer`; waiting calls end with it too. */
  refuse(code: ErrorCode): void;
  answer(): void;
  /** A new process: knows no reports and demands a full one. */
  restart(): void;
  /** What is answered about credentials from now on. Without it nobody brings any. */
  bring(credentialsOf: CredentialsOf): void;
  /** How many permits may be out at once. */
  setLimit(permits: number): void;
  setSize(image: ImageRef, sizeBytes: number): void;
  /** What the node's reports add up to. */
  cells(): ReadonlyMap<ImageRef, CellReport>;
  /** Every request that arrived, refused ones included. */
  readonly calls: readonly { readonly atMs: number; readonly call: keyof AgentApi }[];
  readonly reports: readonly NodeReport[];
  readonly requests: readonly PermitRequest[];
}

export type CredentialsOf = (image: ImageRef, refused: boolean) => Omit<ImageCredentials, 'image'>;

const parseReport = messageParser(NodeReport, 'report');
const parseRequest = messageParser(PermitRequest, 'permit request');
const TTL_MS = 60_000;

/** An item for each image, all of one priority. */
export function planOf(...images: readonly ImageRef[]): Pick<PlanBody, 'items'> {
  return { items: images.map(image => ({ image, priority: 0, start: true })) };
}

export function createScriptedApi({ clock }: { clock: Clock }): ScriptedApi {
  const calls: { atMs: number; call: keyof AgentApi }[] = [];
  const reports: NodeReport[] = [];
  const requests: PermitRequest[] = [];
  const waiting = new Set<Trigger>();
  const sizes = new Map<ImageRef, number>();
  const cells = new Map<ImageRef, CellReport>();
  let plan: Plan | undefined;
  let refusal: ErrorCode | undefined;
  let brought: CredentialsOf = () => ({ credentials: [], anonymous: true, problems: [] });
  let limit = Number.POSITIVE_INFINITY;
  let lastSequence: number | undefined;

  const wakeAll = () => waiting.forEach(trigger => trigger.fire());
  const enter = async (call: keyof AgentApi, signal: AbortSignal) => {
    calls.push({ atMs: clock.monotonicMs(), call });
    await Promise.resolve();
    signal.throwIfAborted();
    check();
  };
  const check = () => {
    if (refusal !== undefined) throw new ApiError(refusal, 'as the test wants it');
  };
  /** Waits until `ready` or until the time is over. */
  const until = async (ready: () => boolean, waitMs: number, signal: AbortSignal) => {
    const trigger = createTrigger(clock);
    const dueMs = clock.monotonicMs() + waitMs;
    waiting.add(trigger);
    try {
      for (; !ready() && clock.monotonicMs() < dueMs; check()) await trigger.next(dueMs, signal);
    } catch (error) {
      throw error instanceof ApiError ? error : new ApiError('Unreachable', 'the caller hung up', { cause: error });
    } finally {
      waiting.delete(trigger);
    }
  };
  const grants = ({ holding, wanting }: PermitRequest): PermitAnswer['granted'] => {
    const free = Math.max(0, limit - holding.length);
    const images = [...holding, ...wanting.map(({ image }) => image).slice(0, free)];
    return images.map(image => ({ image, sizeBytes: sizes.get(image) }));
  };

  return {
    calls,
    reports,
    requests,
    cells: () => cells,
    publish(body) {
      const full = { complete: true, items: [], ...body };
      plan = { revision: createHash('sha256').update(JSON.stringify(full)).digest('hex'), ...full };
      wakeAll();
      return plan.revision;
    },
    refuse(code) {
      refusal = code;
      wakeAll();
    },
    answer() {
      refusal = undefined;
    },
    restart() {
      lastSequence = undefined;
      cells.clear();
    },
    setLimit(permits) {
      limit = permits;
      wakeAll();
    },
    bring: credentialsOf => void (brought = credentialsOf),
    setSize: (image, sizeBytes) => void sizes.set(image, sizeBytes),
    async plan(have, waitMs, signal) {
      await enter('plan', signal);
      await until(() => plan !== undefined && plan.revision !== have, waitMs, signal);
      return plan === undefined || plan.revision === have ? 'unchanged' : plan;
    },
    async report(report, signal) {
      await enter('report', signal);
      parseReport(JSON.parse(JSON.stringify(report)));
      reports.push(report);
      const follows = report.full || (lastSequence !== undefined && report.sequence === lastSequence + 1);
      if (!follows) return { epoch: 1, sendFull: true };
      lastSequence = report.sequence;
      if (report.full) cells.clear();
      for (const image of report.gone) cells.delete(image);
      for (const cell of report.cells) cells.set(cell.image, cell);
      return { epoch: 1, sendFull: false };
    },
    async permits(request, signal) {
      await enter('permits', signal);
      parseRequest(JSON.parse(JSON.stringify(request)));
      requests.push(request);
      await until(() => grants(request).length > request.holding.length, request.waitMs, signal);
      return { epoch: 1, ttlMs: TTL_MS, granted: grants(request) };
    },
    async credentials({ images }, signal) {
      await enter('credentials', signal);
      return { epoch: 1, images: images.map(({ image, refused = false }) => ({ image, ...brought(image, refused) })) };
    },
  };
}
