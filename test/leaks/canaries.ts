import { createHash } from 'node:crypto';

/** A secret that must appear nowhere. */
export interface Canary {
  readonly kind: string;
  readonly secret: string;
  /** Its first and its last letters are found by themselves, so that half of it is a find too. */
  readonly parts: readonly string[];
}

const PART_LENGTH = 12;

/** With what JSON, URLs, HTML and base64 write otherwise in its middle. */
export function canary(kind: string, middle = '/w+"d\\é&<%41=>'): Canary {
  const parts = ['first', 'last'].map(which => part(kind, which));
  return { kind, secret: parts.join(middle), parts };
}

/** One that somebody else made. */
export function foundCanary(kind: string, secret: string): Canary {
  return { kind, secret, parts: [secret.slice(0, PART_LENGTH), secret.slice(-PART_LENGTH)] };
}

function part(kind: string, which: string): string {
  const hash = createHash('sha256').update(`${kind} ${which}`).digest('base64');
  return hash.replaceAll(/[^A-Za-z0-9]/g, '').slice(0, PART_LENGTH);
}

/** The kinds whose first or last letters stand in the text: as they are, in base64 at any offset, in hex, escaped up to three times, spread over lines. */
export function findCanaries(text: string, canaries: readonly Canary[]): readonly string[] {
  const views = viewsOf(text);
  const isIn = ({ parts }: Canary) => parts.flatMap(spellings).some(spelt => views.some(view => view.includes(spelt)));
  return canaries.filter(isIn).map(({ kind }) => kind);
}

const ESCAPES =
  /\\+u\{?([0-9a-f]{4})\}?|\\+x([0-9a-f]{2})|%([0-9a-f]{2})|&#x([0-9a-f]{1,6});|&#([0-9]{1,7});|\\+[nrt]|\\(?=\\)|\\(?=["'/])/gi;

function viewsOf(text: string): readonly string[] {
  const views = [text];
  for (let times = 0; times < 3; times += 1) views.push(unescape(views.at(-1) as string));
  return views.flatMap(view => [view, view.replaceAll(/[\s\p{Cf}\p{Cc}]+/gu, '')]);
}

function unescape(text: string): string {
  return text.replaceAll(ESCAPES, (_all, ...groups: (string | undefined)[]) => {
    const [unicode, byte, percent, entity, decimal] = groups;
    const hex = unicode ?? byte ?? percent ?? entity;
    if (hex === undefined && decimal === undefined) return '';
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : '';
  });
}

function spellings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const inBase64 = [0, 1, 2].map(offset => {
    const all = Buffer.concat([Buffer.alloc(offset), bytes]);
    // Without the letters that what stands before or behind has a part in.
    return all.toString('base64').slice(Math.ceil((offset * 8) / 6), Math.floor((all.length * 8) / 6));
  });
  return [
    secret,
    ...inBase64,
    ...inBase64.map(text => text.replaceAll('+', '-').replaceAll('/', '_')),
    bytes.toString('hex'),
  ];
}
