/** Where a reference without a domain leads. */
const DEFAULT_DOMAIN = 'docker.io';

const LEGACY_DOMAIN = 'index.docker.io';

export function canonicalDomain(domain: string | undefined): string {
  return domain === undefined || domain === LEGACY_DOMAIN ? DEFAULT_DOMAIN : domain;
}

/** Official images of Docker Hub live under `library/`, which people leave out. */
export function canonicalPath(domain: string | undefined, path: string): string {
  return canonicalDomain(domain) === DEFAULT_DOMAIN && !path.includes('/') ? `library/${path}` : path;
}
