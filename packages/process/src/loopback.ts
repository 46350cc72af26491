import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Judges the host as it is written: a name other than `localhost` may lead anywhere. Undefined stands for every address. */
export function isLoopback(host: string | undefined): boolean {
  const family = isIP(host ?? '');
  return host === 'localhost' || (family !== 0 && loopback.check(host ?? '', family === 4 ? 'ipv4' : 'ipv6'));
}
