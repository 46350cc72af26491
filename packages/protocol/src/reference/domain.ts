import { cut } from './cut.ts';
import { isPathComponent } from './path-component.ts';

/**
 * Docker's convention: the first of several components is a domain when it has a dot, a colon or an upper case letter,
 * or is `localhost`.
 */
export function splitDomain(named: string): [domain: string | undefined, remainder: string] {
  const [first, remainder] = cut(named, '/');
  if (remainder === undefined) return [undefined, named];
  const domain = first === 'localhost' || /[.:]/.test(first) || first !== first.toLowerCase();
  return domain ? [first, remainder] : [undefined, named];
}

export function isHost(domain: string): boolean {
  const colon = domain.endsWith(']') ? -1 : domain.lastIndexOf(':');
  const host = colon < 0 ? domain : domain.slice(0, colon);
  if (colon >= 0 && !consistsOf(domain.slice(colon + 1), /[^0-9]/)) return false;
  if (host.startsWith('[') && host.endsWith(']')) return consistsOf(host.slice(1, -1), /[^a-fA-F0-9:]/);
  return host.split('.').every(isHostLabel);
}

function isHostLabel(label: string): boolean {
  return consistsOf(label, /[^a-zA-Z0-9-]/) && !label.startsWith('-') && !label.endsWith('-');
}

/**
 * `my_registry.example`: no domain to the grammar, but a fine path component, so the reference passes as if it had no
 * domain at all. Runtimes ask that host nevertheless.
 */
export function isUnderscoreHost(domain: string): boolean {
  return isPathComponent(domain);
}

/** Not empty and nothing `other` in it: a search, unlike a repetition, needs no stack for long texts. */
function consistsOf(text: string, other: RegExp): boolean {
  return text !== '' && !other.test(text);
}
