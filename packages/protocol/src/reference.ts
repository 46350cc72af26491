/**
 * A reference as a pod writes it, split but not completed: `nginx` has no domain and no tag here, and `team/app` has no
 * domain either, because Docker's convention reads its first component as part of the path.
 */
export interface Reference {
  /** The registry's host, with its port where one is written. */
  readonly domain?: string;
  readonly path: string;
  readonly tag?: string;
  /** With its algorithm, `sha256:…`. */
  readonly digest?: string;
}

export class InvalidReference extends Error {
  override readonly name = 'InvalidReference';

  constructor(text: string, problem: string) {
    super(`expected an image reference such as registry.example:5000/team/app:1.0, got ${quote(text)}: ${problem}`);
  }
}

/**
 * Accepts what ParseNormalizedNamed of the distribution project accepts, which kubelet, containerd and Docker rest on;
 * throws InvalidReference for everything else.
 */
export function parseReference(text: string): Reference {
  if (IMAGE_ID.test(text)) throw new InvalidReference(text, 'this is an image ID, which no registry knows');
  const [named, digest] = cut(text, '@');
  const [domain, remainder] = splitDomain(named);
  const [path, tag] = cut(remainder, ':');
  const problem = domainProblem(domain) ?? pathProblem(domain, path) ?? tagProblem(tag) ?? digestProblem(digest);
  if (problem !== undefined) throw new InvalidReference(text, problem);
  return {
    ...(domain !== undefined && { domain }),
    path,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
  };
}

/** Undefined for what parseReference refuses. */
export function tryParseReference(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch (error) {
    if (error instanceof InvalidReference) return undefined;
    throw error;
  }
}

/**
 * The canonical form, `docker.io/library/nginx:latest` for `nginx`: for comparing and for people. A runtime gets the
 * reference as written. `latest` is added only where there is neither tag nor digest; a tag beside a digest stays.
 * Throws InvalidReference for a text that is none.
 */
export function normaliseReference(reference: string | Reference): string {
  const parsed = typeof reference === 'string' ? parseReference(reference) : reference;
  const { tag, digest } = parsed;
  const fullTag = tag ?? (digest === undefined ? 'latest' : undefined);
  return `${repositoryOf(parsed)}${fullTag === undefined ? '' : `:${fullTag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** The canonical form without tag and digest, `docker.io/library/nginx`: what credentials are looked up by. */
export function repositoryOf({ domain, path }: Reference): string {
  return `${canonicalDomain(domain)}/${canonicalPath(domain, path)}`;
}

/** Whether the reference names a tag, or stands for one, that may come to stand for other contents. */
export function isMovingTag(text: string): boolean {
  const reference = tryParseReference(text);
  return reference !== undefined && reference.digest === undefined;
}

/** Whether one of the repository digests, `nginx@sha256:…`, is of these contents, in whatever repository. */
export function namesDigest(repositoryDigests: readonly string[], digest: string): boolean {
  return repositoryDigests.some(text => text.endsWith(`@${digest}`));
}

/** The host, with its port, that a runtime asks for this image; undefined where the text is no reference. */
export function registryOf(text: string): string | undefined {
  const reference = tryParseReference(text);
  return reference && canonicalDomain(reference.domain);
}

// Each bounds its own length: none can backtrack for long or run out of stack.
const IMAGE_ID = /^[a-f0-9]{64}$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST_ENCODINGS: ReadonlyMap<string, RegExp> = new Map([
  ['sha256', /^[a-f0-9]{64}$/],
  ['sha384', /^[a-f0-9]{96}$/],
  ['sha512', /^[a-f0-9]{128}$/],
]);

function domainProblem(domain: string | undefined): string | undefined {
  // `my_registry.example` is no domain to the grammar, but a fine path component, so the reference passes as if it had no
  // domain at all. Runtimes ask that host nevertheless.
  if (domain === undefined || isHost(domain) || isPathComponent(domain)) return undefined;
  return `${quote(domain)} is not a host name, an IPv4 address or an IPv6 address in brackets, with an optional port`;
}

function pathProblem(domain: string | undefined, path: string): string | undefined {
  if (path === '') return 'the repository is empty';
  const counted = domain === undefined || isHost(domain) ? canonicalPath(domain, path) : `${domain}/${path}`;
  if (counted.length > MAX_PATH_LENGTH)
    return `the repository ${quote(counted)} has ${counted.length} characters, at most ${MAX_PATH_LENGTH} are allowed`;
  if (path !== path.toLowerCase()) return `the repository ${quote(path)} must be lower case`;
  if (path.split('/').every(isPathComponent)) return undefined;
  return `the repository ${quote(path)} must be letters and digits, joined by one of . _ __ or dashes, between slashes`;
}

function tagProblem(tag: string | undefined): string | undefined {
  if (tag === undefined || TAG.test(tag)) return undefined;
  return `the tag ${quote(tag)} must be 1 to 128 letters, digits and _ . - and not start with . or -`;
}

function digestProblem(digest: string | undefined): string | undefined {
  if (digest === undefined) return undefined;
  const [algorithm, encoded] = cut(digest, ':');
  if (DIGEST_ENCODINGS.get(algorithm)?.test(encoded ?? '')) return undefined;
  return `the digest ${quote(digest)} must be sha256, sha384 or sha512, a colon, and its lower case hexadecimal digits`;
}

const MAX_QUOTED = 100;

function quote(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);
}

/**
 * Docker's convention: the first of several components is a domain when it has a dot, a colon or an upper case letter,
 * or is `localhost`.
 */
function splitDomain(named: string): [domain: string | undefined, remainder: string] {
  const [first, remainder] = cut(named, '/');
  if (remainder === undefined) return [undefined, named];
  const domain = first === 'localhost' || /[.:]/.test(first) || first !== first.toLowerCase();
  return domain ? [first, remainder] : [undefined, named];
}

function isHost(domain: string): boolean {
  const colon = domain.endsWith(']') ? -1 : domain.lastIndexOf(':');
  const host = colon < 0 ? domain : domain.slice(0, colon);
  if (colon >= 0 && !consistsOf(domain.slice(colon + 1), /[^0-9]/)) return false;
  if (host.startsWith('[') && host.endsWith(']')) return consistsOf(host.slice(1, -1), /[^a-fA-F0-9:]/);
  return host.split('.').every(isHostLabel);
}

function isHostLabel(label: string): boolean {
  return consistsOf(label, /[^a-zA-Z0-9-]/) && !label.startsWith('-') && !label.endsWith('-');
}

/** Not empty and nothing `other` in it: a search, unlike a repetition, needs no stack for long texts. */
function consistsOf(text: string, other: RegExp): boolean {
  return text !== '' && !other.test(text);
}

/** Of a whole path as the registry sees it, `library/` included. */
const MAX_PATH_LENGTH = 255;

const COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;

/** The length goes first: the expression needs stack for what it has read. */
function isPathComponent(text: string): boolean {
  return text.length <= MAX_PATH_LENGTH && COMPONENT.test(text);
}

/** Where a reference without a domain leads. */
const DEFAULT_DOMAIN = 'docker.io';
const LEGACY_DOMAIN = 'index.docker.io';

function canonicalDomain(domain: string | undefined): string {
  return domain === undefined || domain === LEGACY_DOMAIN ? DEFAULT_DOMAIN : domain;
}

/** Official images of Docker Hub live under `library/`, which people leave out. */
function canonicalPath(domain: string | undefined, path: string): string {
  return canonicalDomain(domain) === DEFAULT_DOMAIN && !path.includes('/') ? `library/${path}` : path;
}

/** At the first separator; without one, everything is before. */
function cut(text: string, separator: string): [before: string, after: string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
