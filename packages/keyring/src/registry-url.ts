import { isIPv6 } from 'node:net';

/** A registry, or a pattern of some, as the kubelet takes it apart. */
interface RegistryUrl {
  /** With its port. */
  readonly host: string;
  readonly path: string;
}

/**
 * What Go's url.Parse (1.26, net/url/url.go) makes of the text behind `https://`; undefined for what it refuses. Node's URL
 * follows another standard: it lowers the host, drops default ports, and knows neither wildcards nor bad escapes. Images
 * are ASCII, so what is decoded to bytes beyond it need not become the right character: it matches nothing either way.
 */
export function parseRegistryUrl(text: string): RegistryUrl | undefined {
  const plain = PLAIN.exec(text);
  if (plain !== null) return { host: plain[1] ?? '', path: plain[2] ?? '' };
  const [located, fragment = ''] = cut(text, '#');
  if (hasControl(located) || BAD_ESCAPE.test(fragment)) return undefined;
  const [address] = cut(located, '?');
  const slash = address.indexOf('/');
  const authority = slash < 0 ? address : address.slice(0, slash);
  const user = authority.slice(0, Math.max(authority.lastIndexOf('@'), 0));
  if (OUTSIDE_USER.test(user) || BAD_ESCAPE.test(user)) return undefined;
  const host = parseHost(authority.slice(authority.lastIndexOf('@') + 1));
  const path = unescape(slash < 0 ? '' : address.slice(slash));
  return host === undefined || path === undefined ? undefined : { host, path };
}

/** Nearly every key: nothing to decode and nothing to refuse. A node may ask about a thousand keys for each of its images. */
const PLAIN = /^([\w.*-]*(?::\d*)?)((?:\/[\w./-]*)?)$/;
const BAD_ESCAPE = /%(?![0-9a-fA-F]{2})/;
const OUTSIDE_USER = /[^A-Za-z0-9\-._:~!$&'()*+,;=%@]/;
const OUTSIDE_HOST = /[^!"$&'()*+,\-.0-9:;<=>A-Z[\]_a-z~%\x80-\uffff]/;
/** In a host only bytes beyond ASCII may be escaped, and the percent sign itself. */
const BAD_HOST_ESCAPE = /%(?!25)[0-7]/;

function parseHost(host: string): string | undefined {
  const bracket = host.lastIndexOf('[');
  if (bracket > 0) return undefined;
  if (bracket < 0) return hasPortAfter(host, host.indexOf(':')) ? unescapeHost(host) : undefined;
  const end = host.lastIndexOf(']');
  const port = host.slice(end + 1);
  if (end < 0 || (port !== '' && !hasPortAfter(port, 0))) return undefined;
  const address = unescapeAddress(host.slice(1, end));
  if (address === undefined) return undefined;
  const [ip, zone] = cut(address, '%');
  return isIPv6(ip) && zone !== '' ? `[${address}]${port}` : undefined;
}

/** No colon at all is fine, too. */
function hasPortAfter(host: string, colon: number): boolean {
  return colon < 0 || (host[colon] === ':' && !/[^0-9]/.test(host.slice(colon + 1)));
}

/** RFC 6874: behind %25 there is a zone, where whatever a host may hold may be escaped, and a blank. */
function unescapeAddress(address: string): string | undefined {
  const zoneAt = address.indexOf('%25');
  if (zoneAt < 0) return unescapeHost(address);
  const ip = unescapeHost(address.slice(0, zoneAt));
  const zone = address.slice(zoneAt);
  const decoded = unescape(zone);
  const escapes = zone.match(/%[0-9a-fA-F]{2}/g) ?? [];
  const fine = escapes.every(escape => escape === '%25' || escape === '%20' || isHostByte(unescape(escape) ?? ''));
  return ip === undefined || decoded === undefined || OUTSIDE_HOST.test(zone) || !fine ? undefined : ip + decoded;
}

function isHostByte(byte: string): boolean {
  return byte !== '%' && byte < '\x80' && !OUTSIDE_HOST.test(byte);
}

function unescapeHost(host: string): string | undefined {
  return OUTSIDE_HOST.test(host) || BAD_HOST_ESCAPE.test(host) ? undefined : unescape(host);
}

function unescape(text: string): string | undefined {
  if (BAD_ESCAPE.test(text)) return undefined;
  return text.replaceAll(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function hasControl(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  return /[\x00-\x1f\x7f]/.test(text);
}

/** At the first separator; without one, everything is before. */
function cut(text: string, separator: string): [before: string, after: string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
