import fc from 'fast-check';

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'.split('')), minLength: length, maxLength: length });
const letters = (alphabet: string, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet.split('')), minLength: 1, maxLength });

const joined = (piece: fc.Arbitrary<string>, separator: fc.Arbitrary<string>, maxPieces: number) =>
  fc
    .array(fc.tuple(separator, piece), { minLength: 1, maxLength: maxPieces })
    .map(pieces => pieces.map(([before, text], index) => (index === 0 ? text : before + text)).join(''));

const component = joined(letters('abz09', 4), fc.constantFrom('.', '_', '__', '-', '---'), 3);
const path = fc.oneof(
  { weight: 20, arbitrary: joined(component, fc.constant('/'), 3) },
  { weight: 2, arbitrary: fc.integer({ min: 240, max: 260 }).map(length => 'a'.repeat(length)) },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 115, max: 130 }).map(length => `${'a'.repeat(length)}/${'b'.repeat(126)}`),
  },
);

const port = fc.oneof(
  fc.constant(''),
  fc.integer({ min: 0, max: 99_999 }).map(number => `:${number}`),
);
const host = fc.oneof(
  { weight: 6, arbitrary: joined(letters('abz09', 4), fc.constantFrom('.', '-', '--'), 3) },
  { weight: 3, arbitrary: joined(letters('abYZ09', 4), fc.constantFrom('.', '-'), 3) },
  { weight: 2, arbitrary: joined(letters('abz', 3), fc.constantFrom('.', '_', '__'), 3) },
  { weight: 5, arbitrary: fc.constantFrom('docker.io', 'index.docker.io', 'Docker.io', 'registry-1.docker.io') },
  { weight: 3, arbitrary: fc.constantFrom('localhost', 'localhost', 'LOCALHOST', 'localhost.localdomain') },
  { weight: 1, arbitrary: fc.ipV4() },
  { weight: 4, arbitrary: fc.ipV6().map(address => `[${address}]`) },
);
const domain = fc.tuple(host, port).map(parts => parts.join(''));

const tag = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(letters('abZ09_', 1), letters('abZ09_.-', 6)).map(parts => parts.join('')) },
  { weight: 1, arbitrary: letters('abZ09_.-', 6) },
  { weight: 1, arbitrary: fc.integer({ min: 120, max: 136 }).map(length => 't'.repeat(length)) },
);
const digest = fc.oneof(
  { weight: 8, arbitrary: hex(64).map(digits => `sha256:${digits}`) },
  { weight: 2, arbitrary: hex(96).map(digits => `sha384:${digits}`) },
  { weight: 2, arbitrary: hex(128).map(digits => `sha512:${digits}`) },
  { weight: 1, arbitrary: hex(32).map(digits => `md5:${digits}`) },
  { weight: 1, arbitrary: hex(64).map(digits => `sha256+b64:${digits}`) },
  { weight: 1, arbitrary: hex(64).map(digits => `sha256:${digits.toUpperCase()}`) },
  {
    weight: 2,
    arbitrary: fc
      .nat(140)
      .chain(hex)
      .map(digits => `sha256:${digits}`),
  },
);

const maybe = (before: string, part: fc.Arbitrary<string>, after = '') =>
  fc.oneof(
    fc.constant(''),
    part.map(text => before + text + after),
  );
const wellFormed = fc
  .tuple(maybe('', domain, '/'), path, maybe(':', tag), maybe('@', digest))
  .map(parts => parts.join(''));

/** What the grammar gives a meaning, what looks like it, and what no reference may contain. */
const hostile = fc.constantFrom(
  ...'/:@.-_[]%+*\\ \t\n\r\0AZaz09'.split(''),
  '//',
  '::',
  '@@',
  '..',
  '___',
  '-/',
  '/-',
  './',
  'é',
  'ß',
  'İ',
  '：',
  '／',
  '\u200b',
  '\u{1f4a5}',
  '\ud800',
  '\ufeff',
);

/** A reference with one to three small accidents. */
const damaged = fc
  .tuple(
    wellFormed,
    fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(2), hostile), { minLength: 1, maxLength: 3 }),
  )
  .map(([text, accidents]) =>
    accidents.reduce((damage, [where, removed, inserted]) => {
      const at = Math.floor(where * damage.length);
      return damage.slice(0, at) + inserted + damage.slice(at + removed);
    }, text),
  );

const imageId = fc.tuple(hex(64), fc.constantFrom('', '', '', '0', 'g', ':1', '/a', '\n')).map(parts => parts.join(''));
const veryLong = fc
  .tuple(
    fc.constantFrom('a', 'a.', 'a/', '-', 'a-', ':', '@', '[', ':a', '_', 'A'),
    fc.integer({ min: 300, max: 3_000 }),
    wellFormed,
  )
  .map(([piece, times, text]) => piece.repeat(times) + text);

export const referenceCases: fc.Arbitrary<string> = fc.oneof(
  { weight: 50, arbitrary: wellFormed },
  { weight: 35, arbitrary: damaged },
  {
    weight: 3,
    arbitrary: fc.tuple(wellFormed, fc.constantFrom('/', ':', '@', ''), wellFormed).map(parts => parts.join('')),
  },
  { weight: 4, arbitrary: imageId },
  { weight: 1, arbitrary: veryLong },
  { weight: 4, arbitrary: fc.string({ unit: hostile, maxLength: 8 }) },
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
);
