import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type Clock, untilAborted, withDeadline } from '@kube-prefetch/time';

/** While no leader is found, names are looked up again and again, by every node. */
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

/** Where a host is, as `10.0.0.1:7070`; while its name cannot be looked up, where it was. */
export function createHostAddresses({ host, port, clock, resolve }: HostAddressesOptions) {
  let known: readonly string[] = [];
  let askedMs = Number.NEGATIVE_INFINITY;

  return async (signal: AbortSignal): Promise<readonly string[]> => {
    if (isIP(host)) return [joinAddress(host, port)];
    if (known.length > 0 && clock.monotonicMs() - askedMs < LOOKUP_SPACING_MS) return known;
    askedMs = clock.monotonicMs();
    try {
      const found = await withDeadline(clock, LOOKUP_WITHIN_MS, signal, `the lookup of ${host}`, inTime =>
        // A lookup cannot be stopped, only no longer waited for.
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

/** Undefined for what is no `HOST:PORT`. */
export function splitAddress(address: string): { hostname: string; port: number } | undefined {
  const [, bracketed, plain, port] = /^(?:\[([\da-f:.]+)\]|([^[\]:/@]+)):(\d{1,5})$/i.exec(address) ?? [];
  const hostname = bracketed ?? plain;
  return hostname === undefined || Number(port) > 65_535 ? undefined : { hostname, port: Number(port) };
}
