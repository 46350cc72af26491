import { cut } from './cut.ts';
import { canonicalPath } from './docker-hub.ts';
import { isHost, isUnderscoreHost, splitDomain } from './domain.ts';
import { isPathComponent, MAX_PATH_LENGTH } from './path-component.ts';

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

// Each bounds its own length: none can backtrack for long or run out of stack.
const IMAGE_ID = /^[a-f0-9]{64}$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST_ENCODINGS: ReadonlyMap<string, RegExp> = new Map([
  ['sha256', /^[a-f0-9]{64}$/],
  ['sha384', /^[a-f0-9]{96}$/],
  ['sha512', /^[a-f0-9]{128}$/],
]);

function domainProblem(domain: string | undefined): string | undefined {
  if (domain === undefined || isHost(domain) || isUnderscoreHost(domain)) return undefined;
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
