import { isLoopback } from '@kube-prefetch/process';
import { ApiError, errorText, messageParser, Problem } from '@kube-prefetch/protocol';
import { type Clock, linkSignals, withDeadline } from '@kube-prefetch/time';
import type { CoordinatorAddress } from './coordinator-address.ts';
import { UnusableFile } from './renewed-file.ts';
import { type Resolve, createHostAddresses, splitAddress } from './host-addresses.ts';
import { type SeenEpoch, createLeaderSearch, epochIn, judgeEpoch } from './leader-search.ts';
import { type Answer, type Call, NotConnected } from './send-request.ts';
import { createSender } from './send-with-token.ts';

/** In addition to the time that the coordinator may wait before it answers. */
const ANSWER_WITHIN_MS = 10_000;
/** A poll for the plan, one for permits, and a report. */
const MAX_SOCKETS = 4;
/** A request is sent to this many addresses at most; then it has failed. */
const MAX_ADDRESSES = 4;

export interface LeaderClientOptions {
  readonly at: CoordinatorAddress;
  readonly clock: Clock;
  readonly resolve: Resolve;
}

/** Sends requests to the replica that leads; all requests share what one of them learns about it. */
export interface LeaderClient {
  /** The answer of a leader, and a success. Throws ApiError. */
  send(call: Call, waitMs: number, signal: AbortSignal): Promise<Answer>;
  close(): void;
}

/** What became of a request at one address; `elsewhere`: it may go to another one at once. */
type Attempt = { readonly answer: Answer } | { readonly error: ApiError; readonly elsewhere: boolean };

export function createLeaderClient({ at, clock, resolve }: LeaderClientOptions): LeaderClient {
  const sender = createSender({ at, clock, maxSockets: MAX_SOCKETS });
  const addresses = createHostAddresses({ ...at, clock, resolve });
  const search = createLeaderSearch();
  /** Within one machine there is only one coordinator, and its terms are numbered by a clock that may be set back. */
  const severalMayLead = at.identityFiles !== undefined;
  let seen: SeenEpoch | undefined;

  const choose = async (tried: ReadonlySet<string>, signal: AbortSignal) => {
    const leader = search.leader();
    if (leader !== undefined && !tried.has(leader)) return leader;
    return search.choose((await addresses(signal)).filter(address => !tried.has(address)));
  };

  const attempt = async (call: Call, address: string, waitMs: number, signal: AbortSignal): Promise<Attempt> => {
    const what = `${call.method} ${call.url.href}${address === call.url.host ? '' : ` at ${address}`}`;
    const until = search.until(address);
    const worthWaiting = linkSignals(signal, until);
    try {
      const answer = await withDeadline(clock, waitMs + ANSWER_WITHIN_MS, worthWaiting.signal, what, inTime =>
        sender.send(call, address, inTime),
      );
      return judge(answer, address, what);
    } catch (error) {
      const reason = unreachable(`${what}: ${errorText(until.aborted ? until.reason : error)}`, error);
      if (signal.aborted || error instanceof UnusableFile) return { error: reason, elsewhere: false };
      if (until.aborted) return { error: reason, elsewhere: search.leader() !== undefined };
      search.failed(address);
      // An established connection broke, and those of the other nodes with it: the pause keeps them from coming back at once.
      if (!(error instanceof NotConnected)) search.endWaits(address);
      return { error: reason, elsewhere: error instanceof NotConnected };
    } finally {
      worthWaiting.unlink();
    }
  };

  const judge = (answer: Answer, address: string, what: string): Attempt => {
    const error = answer.status < 400 ? undefined : problemOf(answer, what);
    if (error?.code === 'NotLeader') {
      search.follows(address, trusted(error.leader));
      return { error, elsewhere: true };
    }
    const epoch = severalMayLead ? epochIn(answer.epoch) : undefined;
    const judged = epoch === undefined ? seen : judgeEpoch(seen, epoch, clock.monotonicMs());
    if (judged === 'stale') {
      search.failed(address);
      return {
        error: new ApiError('NotLeader', `${address} answers for term ${epoch}, which is over`),
        elsewhere: true,
      };
    }
    if (error !== undefined) {
      if (error.code === 'ShuttingDown' || search.leader() !== address) search.failed(address);
      return { error, elsewhere: false };
    }
    seen = judged;
    sender.keepOnlyTo(address);
    search.leads(address);
    return { answer };
  };

  /** Over plain HTTP a leader outside of this machine is not believed. */
  const trusted = (leader: string | undefined) => {
    const hostname = leader && splitAddress(leader)?.hostname;
    return hostname && (at.identityFiles !== undefined || isLoopback(hostname)) ? leader : undefined;
  };

  return {
    async send(call, waitMs, signal) {
      const tried = new Set<string>();
      let last = unreachable(`${at.url}: no address left to try`);
      while (tried.size < MAX_ADDRESSES) {
        const address = await choose(tried, signal).catch(error => {
          throw unreachable(`${at.url}: ${errorText(error)}`, error);
        });
        if (address === undefined) break;
        tried.add(address);
        const outcome = await attempt(call, address, waitMs, signal);
        if ('answer' in outcome) return outcome.answer;
        if (!outcome.elsewhere) throw outcome.error;
        last = outcome.error;
      }
      throw last;
    },
    close: () => sender.close(),
  };
}

function unreachable(message: string, cause?: unknown): ApiError {
  return new ApiError('Unreachable', message, { cause });
}

const parseProblem = messageParser(Problem, 'problem');

function problemOf(answer: Answer, what: string): ApiError {
  try {
    const { code, message, details, leader } = parseProblem(JSON.parse(answer.text));
    return new ApiError(code, message, { details, leader });
  } catch (error) {
    const text = answer.text.slice(0, 200);
    return unreachable(`${what}: HTTP ${answer.status} that is not the coordinator's: ${text}`, error);
  }
}
