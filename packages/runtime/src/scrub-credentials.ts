import { MAX_MESSAGE_LENGTH } from '@kube-prefetch/protocol';
import { hideSecrets } from './hide-secrets.ts';
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
  // A token server's answer, and JSON Web Tokens wherever they stand.
  /(?<=token\\*"\s?:\s?\\*")[^\s"\\]{8,}/gi,
  /\beyJ[\w-]{10,}(?:\.[\w-]{4,}){1,4}/g,
  // The last @ before the path ends the user information.
  /(?<=:\/\/)[^/\s?#"]*(?=@)/g,
];
/** Signed blob URLs of object stores, token endpoints. */
const PARAMETER = /([?&]([\w.-]+)=)([^&\s"#]+)/g;
const SECRET_PARAMETER = /token|sig|secret|password|credential|key|auth/i;
/** What registries, token servers and object stores call something that is no secret, however long. */
const OPEN_PARAMETER =
  /^(?:scope|service|account|client_id|ns|from|mount|digest|last|n|x-amz-(?:algorithm|date|expires|signedheaders)|response-content-(?:type|disposition))$/i;
/** A token under any other name is at least this long. */
const TOKEN_LENGTH = 16;

/** Stands for one hidden character: no text has it once its control characters are spaces. */
const HIDDEN = '\0';
const HALF_CHARACTER = /[\uD800-\uDFFF]/gu;

/**
 * One line of at most MAX_MESSAGE_LENGTH characters that holds neither the given credentials nor any it can recognise. The
 * cost does not grow with the text.
 */
export function scrub(text: string, auths: readonly RegistryAuth[] = []): string {
  const secrets = [...new Set(auths.flatMap(secretsOf))];
  const used = new Set(secrets.join(''));
  const marker = unusedFrom('*', used).repeat(3);
  const gap = used.has('…') ? marker : '…';
  const margin = MARGIN_LENGTH;
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
  if (secrets.length > 0) hidden = hideSecrets(hidden, secrets, HIDDEN);
  for (const giveaway of GIVEAWAYS) hidden = hidden.replace(giveaway, blank);
  return hidden.replace(PARAMETER, (whole, start: string, name: string, value: string) =>
    maySay(name, value) ? whole : start + blank(value),
  );
}

function maySay(parameter: string, value: string): boolean {
  if (OPEN_PARAMETER.test(parameter)) return true;
  return value.length < TOKEN_LENGTH && !SECRET_PARAMETER.test(parameter);
}

function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
}

/** In every spelling in which a registry or a proxy could repeat it, escapes apart; as `oneLine` would show it. */
function secretsOf({ username, password, identityToken = '' }: RegistryAuth): readonly string[] {
  return [...spellingsOf(username, password), ...spellingsOf('', identityToken)]
    .map(oneLine)
    .filter(each => each !== '');
}

function spellingsOf(username: string, password: string): readonly string[] {
  if (password === '') return [];
  const pair = `${username}:${password}`;
  const inBase64 = [password, pair, JSON.stringify({ username, password })];
  return [
    password,
    Buffer.from(password).toString('hex'),
    ...inBase64.map(text => Buffer.from(text).toString('base64')),
  ];
}

/** What is put in place of a secret shares no character with any, so that it can never spell one. */
function unusedFrom(first: string, used: ReadonlySet<string>): string {
  let code = first.charCodeAt(0);
  while (used.has(String.fromCharCode(code))) code += 1;
  return String.fromCharCode(code);
}
