import { canonicalDomain, canonicalPath } from './docker-hub.ts';
import { parseReference, type Reference } from './parse.ts';

const DEFAULT_TAG = 'latest';

/**
 * The canonical form, `docker.io/library/nginx:latest` for `nginx`: for comparing and for people. A runtime gets the
 * reference as written. `latest` is added only where there is neither tag nor digest; a tag beside a digest stays.
 * Throws InvalidReference for a text that is none.
 */
export function normaliseReference(reference: string | Reference): string {
  const { domain, path, tag, digest } = typeof reference === 'string' ? parseReference(reference) : reference;
  const name = `${canonicalDomain(domain)}/${canonicalPath(domain, path)}`;
  const shownTag = tag ?? (digest === undefined ? DEFAULT_TAG : undefined);
  return `${name}${shownTag === undefined ? '' : `:${shownTag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** The host, with its port, that a runtime asks for this image. Throws InvalidReference. */
export function registryOf(text: string): string {
  return canonicalDomain(parseReference(text).domain);
}
