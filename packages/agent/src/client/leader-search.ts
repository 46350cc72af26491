/** Which replica leads, as far as the answers to this agent's requests tell. Addresses look like `10.0.0.1:7070`. */
export interface LeaderSearch {
  /** Undefined while it is not known. */
  leader(): string | undefined;
  /** The address to try first: one that has not failed lately, if there is one. */
  choose(addresses: readonly string[]): string | undefined;
  /** It answered as a leader does. Ends the requests that wait anywhere else. */
  leads(address: string): void;
  /** It said that it does not lead, and maybe who does. */
  follows(address: string, leader: string | undefined): void;
  /** It cannot be reached, it stops, or its term is over. */
  failed(address: string): void;
  /** Aborts when no answer can come from this address any more. */
  until(address: string): AbortSignal;
  /** Ends the requests that wait there. */
  endWaits(address: string): void;
}

/** More than there are replicas, also while they are being replaced. */
const MAX_FAILURES = 16;

class Elsewhere extends Error {
  override readonly name = 'Elsewhere';
}

export function createLeaderSearch(): LeaderSearch {
  let leader: string | undefined;
  /** Addresses that failed since a leader last answered, the latest last. */
  const failures = new Set<string>();
  const waits = new Map<string, AbortController>();

  const endWaits = (address: string, why: string) => {
    waits.get(address)?.abort(new Elsewhere(why));
    waits.delete(address);
  };

  return {
    leader: () => leader,
    choose(addresses) {
      const order = [...failures];
      return addresses.toSorted((a, b) => order.indexOf(a) - order.indexOf(b))[0];
    },
    leads(address) {
      leader = address;
      failures.clear();
      for (const other of waits.keys()) if (other !== address) endWaits(other, `${address} leads now`);
    },
    follows(address, hint) {
      failures.delete(address);
      if (leader === address) leader = undefined;
      if (hint !== address) leader ??= hint;
    },
    failed(address) {
      failures.delete(address);
      failures.add(address);
      for (const oldest of [...failures].slice(0, -MAX_FAILURES)) failures.delete(oldest);
      if (leader === address) leader = undefined;
    },
    until(address) {
      const wait = waits.get(address) ?? new AbortController();
      waits.set(address, wait);
      return wait.signal;
    },
    endWaits: address => endWaits(address, `${address} does not answer`),
  };
}

/** After an answer of a newer term, answers of older terms are refused this long: an old leader may not know that it is one. */
const REMEMBER_MS = 5 * 60_000;

/** The highest term that has answered, and when it did last. */
export interface SeenEpoch {
  readonly epoch: number;
  readonly atMs: number;
}

/** What is known after an answer with `epoch`; 'stale' where that term is over. */
export function judgeEpoch(seen: SeenEpoch | undefined, epoch: number, now: number): SeenEpoch | 'stale' {
  const stale = seen !== undefined && epoch < seen.epoch && now - seen.atMs < REMEMBER_MS;
  return stale ? 'stale' : { epoch, atMs: now };
}

/** Undefined where the header is missing, as from a coordinator of the first release, or is no epoch. */
export function epochIn(header: string | readonly string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}
