import { MAX_MESSAGE_LENGTH } from '@kube-prefetch/protocol';
import type { RegistryAuth } from './image-runtime.ts';

/** What is kept of a longer text: its start, and its end, where Go says what happened last. */
const HEAD_LENGTH = 640;
const TAIL_LENGTH = MAX_MESSAGE_LENGTH - HEAD_LENGTH - ' … '.length;
/** This much text beyond a cut is searched for credentials and not shown, so that none is cut in two and missed. */
const MARGIN_LENGTH = 4_096;
const SHOWN_LENGTH = 4_096;

/** What runtimes and registries are known to put into error texts, whoever the credentials belong to. */
const GIVEAWAYS: readonly RegExp[] = [
  // containerd prints the decoded credential when it has no colon. The text is cut where the quote is missing.
  /(?<=invalid decoded auth: )(?:"(?:[^"\\]|\\.)*"?|\S+)/gi,
  /(?<=\b(?:proxy-)?authorization"?\s?[:=]\s?"?)(?:(?:basic|bearer|negotiate)\s)?[^\s",]+/gi,
  /(?<=\bx-registry-(?:auth|config)"?\s?[:=]\s?"?)[^\s",]+/gi,
  /(?<=\b(?:basic|bearer)\s)[\w+/=.~-]{16,}/gi,
  // The last @ before the path ends the user information.
  /(?<=:\/\/)[^/\s?#"]*(?=@)/g,
];
/** Signed blob URLs of object stores, token endpoints. */
const PARAMETER = /([?&]([\w.-]+)=)([^&\s"#]+)/g;
const SECRET_PARAMETER = /token|sig|secret|password|credential|key|auth/i;

/** Stands for one hidden character: no text has it once its control characters are spaces. */
const HIDDEN = '\0';
const HALF_CHARACTER = /[\uD800-\uDFFF]/gu;

/**
 * One line of at most MAX_MESSAGE_LENGTH characters that holds neither the given credentials nor any it can recognise. The
 * cost does not grow with the text.
 */
export function scrub(text: string, auth?: RegistryAuth): string {
  const secrets = auth === undefined ? [] : secretsOf(auth);
  const used = new Set(secrets.join(''));
  const marker = unusedFrom('*', used).repeat(3);
  const gap = used.has('…') ? marker : '…';
  const margin = Math.max(MARGIN_LENGTH, ...secrets.map(secret => secret.length));
  const read = SHOWN_LENGTH + margin;
  const show = (hidden: string) => hidden.replaceAll(/\0+/g, marker);

  if (text.length <= 2 * read) {
    const shown = show(hide(text, secrets));
    return shown.length <= MAX_MESSAGE_LENGTH ? shown : join(shown, gap, shown);
  }
  // A word that a margin ends in may be the rest of a long token.
  const head = hide(text.slice(0, read), secrets).slice(0, -margin);
  const tail = hide(text.slice(-read), secrets).slice(margin);
  return join(show(head.slice(0, head.lastIndexOf(' ') + 1)), gap, show(afterFirst(' ', tail)));
}

function join(head: string, gap: string, tail: string): string {
  const short = `${head.slice(0, HEAD_LENGTH).trimEnd()} ${gap} ${tail.slice(-TAIL_LENGTH).trimStart()}`;
  return short.replace(HALF_CHARACTER, '').trim();
}

function afterFirst(separator: string, text: string): string {
  const at = text.indexOf(separator);
  return at < 0 ? '' : text.slice(at + separator.length);
}

/** On one line, every character of a credential replaced by HIDDEN. */
function hide(text: string, secrets: readonly string[]): string {
  const blank = (found: string) => HIDDEN.repeat(found.length);
  // The known ones first: a pattern that ends inside a secret would leave its other half.
  let hidden = oneLine(text);
  if (secrets.length > 0) hidden = hidden.replace(anyOf(secrets), blank);
  for (const giveaway of GIVEAWAYS) hidden = hidden.replace(giveaway, blank);
  return hidden.replace(PARAMETER, (whole, start: string, name: string, value: string) =>
    SECRET_PARAMETER.test(name) ? start + blank(value) : whole,
  );
}

function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
}

/** In every spelling in which a registry, a proxy, Go's %q or a URL could echo it; as `oneLine` would show it. */
function secretsOf({ username, password, identityToken = '' }: RegistryAuth): readonly string[] {
  return [...new Set([...spellingsOf(username, password), ...spellingsOf('', identityToken)].map(oneLine))].filter(
    secret => secret !== '',
  );
}

function spellingsOf(username: string, password: string): readonly string[] {
  if (password === '') return [];
  const pair = `${username}:${password}`;
  return [
    ...[password, pair].flatMap(encodings),
    ...encodings(JSON.stringify({ username, password })),
    JSON.stringify(password).slice(1, -1),
    encodeURIComponent(password.toWellFormed()),
  ];
}

function encodings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const base64 = bytes.toString('base64');
  return [secret, base64, base64.replace(/=+$/, ''), bytes.toString('base64url')];
}

/** What is put in place of a secret shares no character with any, so that it can never spell one. */
function unusedFrom(first: string, used: ReadonlySet<string>): string {
  let code = first.charCodeAt(0);
  while (used.has(String.fromCharCode(code))) code += 1;
  return String.fromCharCode(code);
}

/** Longest first: a secret inside another must not leave the rest of it. */
function anyOf(secrets: readonly string[]): RegExp {
  const longestFirst = [...secrets].sort((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map(secret => secret.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'), 'g');
}
