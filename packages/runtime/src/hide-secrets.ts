/**
 * Replaces by `hidden`, letter for letter, what a text shows of secrets: whole or in part, because runtimes cut texts and take
 * percents for formats; in any case; escaped as JSON, Go, URLs and HTML do it, also several times over; with blanks or invisible
 * letters inside.
 */
export function hideSecrets(text: string, secrets: readonly string[], hidden: string): string {
  const { letters, starts, ends } = plainly(text);
  const shown = text.split('');
  for (const secret of secrets)
    for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1))
      shown.fill(hidden, at, at + secret.length);
  for (const [length, wanted] of byPieceLength(secrets)) {
    const places = new Map<string, number[]>();
    for (let at = 0; at + length <= letters.length; at += 1) {
      const piece = letters.slice(at, at + length);
      const known = places.get(piece);
      if (known === undefined) places.set(piece, [at]);
      else known.push(at);
    }
    for (const secret of wanted)
      for (let from = 0; from + length <= secret.length; from += 1) {
        const piece = secret.slice(from, from + length);
        for (const at of places.get(piece) ?? []) shown.fill(hidden, starts[at], ends[at + length - 1]);
        places.delete(piece);
      }
  }
  return shown.join('');
}

/** A third of a secret is too much of it; less than this also stands in texts that know nothing of it. */
const SHORTEST_PIECE = 6;
const LONGEST_PIECE = 12;

/** How much of a secret counts as a part of it, and the secrets of which it does. */
function byPieceLength(secrets: readonly string[]): ReadonlyMap<number, readonly string[]> {
  const sorted = new Map<number, string[]>();
  for (const secret of new Set(secrets.map(lettersOf))) {
    const third = Math.ceil(secret.length / 3);
    const length = Math.min(secret.length, Math.max(SHORTEST_PIECE, Math.min(LONGEST_PIECE, third)));
    if (length > 0) sorted.set(length, [...(sorted.get(length) ?? []), secret]);
  }
  return sorted;
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Most spellings are base64, which means nothing else. */
function lettersOf(secret: string): string {
  return BASE64.test(secret) ? secret.replaceAll('=', '').toLowerCase() : plainly(secret).letters;
}

/** A text as bytes, one letter each, and where each begins and ends in the text that it comes from. */
interface Plain {
  readonly letters: string;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** A text can be quoted by a registry, by a proxy, by the runtime's client and by the runtime. */
const MOST_ESCAPES = 4;
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const ESCAPE =
  /\\+u([0-9a-f]{4})|\\+u\{([0-9a-f]{1,6})\}|(?:\\+x|%)([0-9a-f]{2})|&#x0*([0-9a-f]{1,6});|&#0*([0-9]{1,7});|&(amp|lt|gt|quot|apos);|\\+[nrt]/gi;
/** What is said between the letters of a secret, or behind its base64. */
const BETWEEN = /[\s\p{Cf}\p{Cc}]/u;
const LEFT_OUT = /[\\=\s]/;

function plainly(text: string): Plain {
  let plain = toBytes(text);
  for (let times = 0; times < MOST_ESCAPES; times += 1) {
    const next = unescape(plain);
    if (next === plain) break;
    plain = next;
  }
  return pick(plain, letter => (LEFT_OUT.test(letter) ? '' : letter.toLowerCase().replace('-', '+').replace('_', '/')));
}

function toBytes(text: string): Plain {
  const parts: Part[] = [];
  let at = 0;
  for (const letter of text) {
    parts.push({ letters: BETWEEN.test(letter) ? '' : bytesOf(letter), start: at, end: at + letter.length });
    at += letter.length;
  }
  return join(parts);
}

function pick({ letters, starts, ends }: Plain, change: (letter: string) => string): Plain {
  const parts = letters.split('').map((letter, at) => ({
    letters: change(letter),
    start: starts[at] as number,
    end: ends[at] as number,
  }));
  return join(parts);
}

function unescape(plain: Plain): Plain {
  const { letters, starts, ends } = plain;
  const parts: Part[] = [];
  const copy = (from: number, to: number) => {
    for (let at = from; at < to; at += 1)
      parts.push({ letters: letters[at] as string, start: starts[at] as number, end: ends[at] as number });
  };
  let done = 0;
  for (const match of letters.matchAll(ESCAPE)) {
    const end = match.index + match[0].length;
    copy(done, match.index);
    parts.push({ letters: meaningOf(match), start: starts[match.index] as number, end: ends[end - 1] as number });
    done = end;
  }
  if (done === 0) return plain;
  copy(done, letters.length);
  return join(parts);
}

function meaningOf([, short, long, byte, hex, decimal, name]: RegExpMatchArray): string {
  if (name !== undefined) return NAMED[name.toLowerCase()] ?? '';
  const isByte = byte !== undefined && byte >= '8';
  if (isByte) return String.fromCharCode(Number.parseInt(byte, 16));
  const code = decimal === undefined ? Number.parseInt(short ?? long ?? byte ?? hex ?? '', 16) : Number(decimal);
  if (!(code <= 0x10ffff)) return '';
  const letter = String.fromCodePoint(code);
  return BETWEEN.test(letter) ? '' : bytesOf(letter);
}

interface Part {
  readonly letters: string;
  readonly start: number;
  readonly end: number;
}

function join(parts: readonly Part[]): Plain {
  return {
    letters: parts.map(({ letters }) => letters).join(''),
    starts: parts.flatMap(({ letters, start }) => Array<number>(letters.length).fill(start)),
    ends: parts.flatMap(({ letters, end }) => Array<number>(letters.length).fill(end)),
  };
}

function bytesOf(letter: string): string {
  return letter < '\u0080' ? letter : Buffer.from(letter).toString('latin1');
}
