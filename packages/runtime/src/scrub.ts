import { MAX_MESSAGE_LENGTH } from '@kube-prefetch/protocol';
import type { RegistryAuth } from './image-runtime.ts';

/** What runtimes and registries are known to put into error texts, whoever the credentials belong to. */
const GIVEAWAYS: readonly RegExp[] = [
  // containerd prints the decoded credential when it has no colon. The text is cut where the quote is missing.
  /(?<=invalid decoded auth: )(?:"(?:[^"\\]|\\.)*"?|\S+)/gi,
  /(?<=\b(?:proxy-)?authorization"?\s?[:=]\s?"?)(?:(?:basic|bearer|negotiate)\s)?[^\s",]+/gi,
  /(?<=\bx-registry-(?:auth|config)"?\s?[:=]\s?"?)[^\s",]+/gi,
  /(?<=\b(?:basic|bearer)\s)[\w+/=.~-]{16,}/gi,
  // The last @ before the path ends the user information.
  /(?<=\b[a-z][a-z\d+.-]*:\/\/)[^/\s?#"]*(?=@)/gi,
  // Signed blob URLs of object stores, token endpoints.
  /(?<=[?&][\w.-]*(?:token|sig|signature|secret|password|credential|key|auth)[\w.-]*=)[^&\s"#]+/gi,
];

/** One line of at most MAX_MESSAGE_LENGTH characters that holds neither the given credentials nor any it can recognise. */
export function scrub(text: string, auth?: RegistryAuth): string {
  const secrets = auth === undefined ? [] : secretsOf(auth);
  const marker = markerFor(secrets);
  // The known ones first: a pattern that ends inside a secret would leave its other half.
  let scrubbed = oneLine(text);
  if (secrets.length > 0) scrubbed = scrubbed.replace(anyOf(secrets), marker);
  for (const giveaway of GIVEAWAYS) scrubbed = scrubbed.replace(giveaway, marker);
  return cut(scrubbed);
}

function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
}

/** In every spelling in which a registry, a proxy, Go's %q or a URL could echo it; as `oneLine` would show it. */
function secretsOf({ username, password }: RegistryAuth): readonly string[] {
  if (password === '') return [];
  const pair = `${username}:${password}`;
  const spellings = [
    ...[password, pair].flatMap(encodings),
    ...encodings(JSON.stringify({ username, password })),
    JSON.stringify(password).slice(1, -1),
    encodeURIComponent(password.toWellFormed()),
  ];
  return [...new Set(spellings.map(oneLine))].filter(secret => secret !== '');
}

function encodings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const base64 = bytes.toString('base64');
  return [secret, base64, base64.replace(/=+$/, ''), bytes.toString('base64url')];
}

/** Shares no character with a secret, so that putting it in can never spell one. */
function markerFor(secrets: readonly string[]): string {
  const used = new Set(secrets.join(''));
  let code = '*'.charCodeAt(0);
  while (used.has(String.fromCharCode(code))) code += 1;
  return String.fromCharCode(code).repeat(3);
}

/** Longest first: a secret inside another must not leave the rest of it. */
function anyOf(secrets: readonly string[]): RegExp {
  const longestFirst = [...secrets].sort((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map(secret => secret.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'), 'g');
}

function cut(text: string): string {
  const short = text.slice(0, MAX_MESSAGE_LENGTH);
  return short.isWellFormed() ? short : short.slice(0, -1);
}
