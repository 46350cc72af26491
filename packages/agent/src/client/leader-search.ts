/** Who leads, as far as the answers to all requests of this agent tell. Addresses are `10.0.0.1:7070`. */
export interface LeaderSearch {
  /** Undefined while it is not known. */
  leader(): string | undefined;
  /** Of addresses, the one to ask first: none that failed lately, if there is another. */
  choose(addresses: readonly string[]): string | undefined;
  /** It answered as a leader does. Requests that wait anywhere else end. */
  leads(address: string): void;
  /** It said that it does not lead, and perhaps who does. */
  follows(address: string, leader: string | undefined): void;
  /** It cannot be reached, has stopped, or its term is over. */
  failed(address: string): void;
  /** Aborts when no answer is to be expected from there any more. */
  until(address: string): AbortSignal;
  /** Ends the requests that wait there. */
  cut(address: string): void;
}

/** More than there are replicas, their successors while they are replaced included. */
const MAX_FAILURES = 16;

class Elsewhere extends Error {
  override readonly name = 'Elsewhere';
}

export function createLeaderSearch(): LeaderSearch {
  let leader: string | undefined;
  /** Addresses that failed since a leader last answered, the latest last. */
  const failures = new Set<string>();
  const waits = new Map<string, AbortController>();

  const cut = (address: string, why: string) => {
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
      for (const other of waits.keys()) if (other !== address) cut(other, `${address} leads now`);
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
    cut: address => cut(address, `${address} does not answer`),
  };
}
