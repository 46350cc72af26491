import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type Clock, untilAborted, withDeadline } from '@kube-prefetch/time';

/** While no leader is found, every node looks the name up again and again. */
const LOOKUP_SPACING_MS = 5_000;
const LOOKUP_WITHIN_MS = 5_000;

/** All addresses of a host name. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export const resolveBySystem: Resolve = async host => (await lookup(host, { all: true })).map(({ address }) => address);

export interface HostAddressesOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly resolve: Resolve;
}

/** The addresses of a host, such as `10.0.0.1:7070`; while its name cannot be looked up, the last ones. */
export function createHostAddresses({ host, port, clock, resolve }: HostAddressesOptions) {
  let known: readonly string[] = [];
  let lookedUpMs = Number.NEGATIVE_INFINITY;

  return async (signal: AbortSignal): Promise<readonly string[]> => {
    if (isIP(host)) return [joinAddress(host, port)];
    if (known.length > 0 && clock.monotonicMs() - lookedUpMs < LOOKUP_SPACING_MS) return known;
    lookedUpMs = clock.monotonicMs();
    try {
      const found = await withDeadline(clock, LOOKUP_WITHIN_MS, signal, `the lookup of ${host}`, inTime =>
        // A lookup cannot be stopped, so after the deadline nobody waits for it any more.
        untilAborted(resolve(host), inTime),
      );
      if (found.length === 0) throw new Error(`${host} has no address`);
      known = found.map(address => joinAddress(address, port));
    } catch (error) {
      signal.throwIfAborted();
      if (known.length === 0) throw error;
    }
    return known;
  };
}

export function joinAddress(host: string, port: number): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Undefined for a text that is not `HOST:PORT`. */
export function splitAddress(address: string): { hostname: string; port: number } | undefined {
  const [, bracketed, plain, port] = /^(?:\[([\da-f:.]+)\]|([^[\]:/@]+)):(\d{1,5})$/i.exec(address) ?? [];
  const hostname = bracketed ?? plain;
  return hostname === undefined || Number(port) > 65_535 ? undefined : { hostname, port: Number(port) };
}
