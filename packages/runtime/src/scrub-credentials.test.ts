import { MAX_MESSAGE_LENGTH } from '@kube-prefetch/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fill, growth } from '../testing/growth.ts';
import type { RegistryAuth } from './image-runtime.ts';
import { scrub } from './scrub-credentials.ts';

const MIB = 1024 * 1024;
const auth = { username: 'robot', password: 's3cret/with+odd"chars' };
const pair = Buffer.from(`${auth.username}:${auth.password}`).toString('base64');

test.each<[text: string, scrubbed: string]>([
  ['denied: robot:s3cret/with+odd"chars', 'denied: robot:***'],
  ['password s3cret/with+odd"chars rejected', 'password *** rejected'],
  [`header "Basic ${pair}" refused`, 'header "Basic ***" refused'],
  [`sent ${pair.replace(/=+$/, '')}`, 'sent ***'],
  ['go says "s3cret/with+odd\\"chars"', 'go says "***"'],
  ['GET /token?p=s3cret%2Fwith%2Bodd%22chars', 'GET /token?p=***'],
  ['in base64 over lines: czNjcmV0L3d\r\n pdGgrb2RkImNoYXJz', 'in base64 over lines: ***'],
  ['all escaped: \\u0073\\x33%63%72%65%74%2Fwith%2bodd&#34;&#x63;hars', 'all escaped: ***'],
  ['an escape escaped: %5Cu0073%5Cu0033cret%252Fwith%252Bodd%2522chars', 'an escape escaped: ***'],
  ['cut: "s3cret/with+"', 'cut: "***"'],
  ['in capitals: S3CRET/WITH+ODD"CHARS', 'in capitals: ***'],
  ['unseen letters: s3cret/\u200bwith+od\u00add"chars', 'unseen letters: ***'],
  [`in hex: ${Buffer.from(auth.password).toString('hex')}`, 'in hex: ***'],
])('credentials that we sent go: %s', (text, scrubbed) => {
  expect(scrub(text, [auth])).toBe(scrubbed);
});

test.each<[text: string, scrubbed: string]>([
  ['rpc error: invalid decoded auth: "us\\"er\\x00"', 'rpc error: invalid decoded auth: ***'],
  ['invalid decoded auth: "cut off', 'invalid decoded auth: ***'],
  ['Authorization: Bearer abc.def.ghi, next', 'Authorization: ***, next'],
  ['{"Authorization":"Basic dTpw"}', '{"Authorization":"***"}'],
  ['X-Registry-Auth: eyJ1IjoicCJ9', 'X-Registry-Auth: ***'],
  [
    'unable to decode: {"access_token":"opaque-0123","expires_in":60}',
    'unable to decode: {"access_token":"***","expires_in":60}',
  ],
  ['got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJyIn0.c2ln instead', 'got *** instead'],
  ['proxy http://user:p@ss@proxy.example:3128/ failed', 'proxy http://***@proxy.example:3128/ failed'],
  [
    'Get "https://r.example/v2/?service=r&access_token=abc&x=1"',
    'Get "https://r.example/v2/?service=r&access_token=***&x=1"',
  ],
  [
    'GET /v2/?x=1&q=-.eyJ_TcUbNQxFxywd&y=2&scope=repository:team/app:pull',
    'GET /v2/?x=1&q=***&y=2&scope=repository:team/app:pull',
  ],
  [
    'Get "https://b.example/blob?X-Amz-Signature=ff&X-Amz-Date=1"',
    'Get "https://b.example/blob?X-Amz-Signature=***&X-Amz-Date=1"',
  ],
])("somebody else's credentials go: %s", (text, scrubbed) => {
  expect(scrub(text)).toBe(scrubbed);
});

test.each([
  'failed to resolve reference "r.example:5000/app@sha256:0123": not found',
  'Head "https://r.example/v2/app/manifests/1": dial tcp: lookup r.example: no such host',
  'pull access denied: authorization failed: no basic auth credentials',
])('what a person needs stays: %s', text => {
  expect(scrub(text, [auth])).toBe(text);
});

test('lines are folded and the length is bounded', () => {
  expect(scrub('403 Forbidden\r\n\tdenied\u001b[0m\n')).toBe('403 Forbidden denied [0m');
  expect(scrub('x'.repeat(5000))).toHaveLength(MAX_MESSAGE_LENGTH);
  for (let extra = 0; extra < 4; extra += 1) {
    const scrubbed = scrub('x'.repeat(extra) + '😀'.repeat(5000));
    expect(scrubbed.length).toBeLessThanOrEqual(MAX_MESSAGE_LENGTH);
    expect(scrubbed.isWellFormed()).toBe(true);
  }
});

test.each([1_100, 20_000, MIB])('of a text of %i characters the start and the end are shown', length => {
  const text = `failed to pull: 500 Internal Server Error ${'body '.repeat(length / 5)}: no space left on device`;
  expect(scrub(text)).toMatch(/^failed to pull: 500 Internal Server Error body .* … .*body : no space left on device$/);
});

test('a longer text costs no more', () => {
  const pieces = [
    'key',
    'a://',
    '&token=',
    'authorization: ',
    'invalid decoded auth: "\\',
    ' ',
    'x',
    auth.password.slice(0, -1),
  ];
  expect(growth(text => scrub(text, [auth]), pieces, MIB / 2)).toBeLessThan(3);
});

/** Of capitals, which nothing around them has: four in a row are a piece of it. */
const CAPITALS = { username: 'robot', password: 'QWERTYUIOPASDFGHJKLZXCVBNM'.repeat(2) };
test.each<[string, (secret: string) => string, RegistryAuth | undefined]>([
  ['that we sent', secret => secret, CAPITALS],
  ['in a header', secret => `"Authorization: Bearer ${secret}"`, undefined],
  ['in a decoded credential', secret => `invalid decoded auth: "u ${secret} v"`, undefined],
  ['in user information', secret => `https://u:${secret}@r.example/`, undefined],
  ['in a parameter', secret => `https://r.example/?a=b&access_token=${secret}&c=d`, undefined],
  ['that is longer than any margin', secret => `authorization=${secret.repeat(200)} x`, undefined],
])('no credential %s survives because a long text is cut in it', (_, spell, sent) => {
  const spelt = spell(CAPITALS.password);
  const around = fc.constantFrom('x', 'ab ', ' \n', 'a.b://', '"', '&a=b');
  /** Near where a text may be cut. */
  const distance = fc
    .tuple(fc.integer({ min: -100, max: 50 }), fc.nat(4))
    .map(([off, n]) => Math.max(0, off + n * 4096));
  fc.assert(
    fc.property(around, around, distance, (beside, beyond, at) => {
      expect(scrub(`${fill(beside, at)} ${spelt} ${fill(beyond, 20_000)}`, sent && [sent])).not.toMatch(/[A-Z]{4}/);
      expect(scrub(`${fill(beyond, 20_000)} ${spelt} ${fill(beside, at)}`, sent && [sent])).not.toMatch(/[A-Z]{4}/);
    }),
    { numRuns: 150 },
  );
});

test('whatever the credentials and wherever they stand, neither password nor base64 remains', () => {
  const hits = { raw: 0, base64: 0, pair: 0, quoted: 0 };
  const anything = fc.string({ unit: 'grapheme', maxLength: 40 });
  const credentials = fc.record({
    username: anything,
    password: fc
      .oneof(
        anything,
        fc.string({ unit: fc.constantFrom('*', '+', '\\', '$', '.', ' ', '\n', '"', '=', 'a'), maxLength: 6 }),
      )
      .filter(password => password.replace(/[\s\p{Cc}]/gu, '') !== ''),
  });
  const spelling = fc.constantFrom('raw', 'base64', 'pair', 'quoted');
  fc.assert(
    fc.property(credentials, fc.array(fc.tuple(anything, spelling), { maxLength: 6 }), (auth, parts) => {
      const text = parts.map(([before, kind]) => {
        hits[kind] += 1;
        return before + spell(auth, kind);
      });
      const scrubbed = scrub(text.join(''), [auth]);
      expect(scrubbed).not.toContain(auth.password);
      expect(scrubbed).not.toContain(spell(auth, 'base64'));
      expect(scrubbed).not.toContain(spell(auth, 'pair'));
      expect(scrubbed.length).toBeLessThanOrEqual(MAX_MESSAGE_LENGTH);
    }),
    { numRuns: 2_000 },
  );
  process.stdout.write(`scrub: spellings hit ${JSON.stringify(hits)}\n`);
  expect(Math.min(...Object.values(hits))).toBeGreaterThan(100);
});

function spell(auth: { username: string; password: string }, kind: 'raw' | 'base64' | 'pair' | 'quoted'): string {
  if (kind === 'raw') return auth.password;
  if (kind === 'quoted') return JSON.stringify(auth.password);
  return Buffer.from(kind === 'base64' ? auth.password : `${auth.username}:${auth.password}`).toString('base64');
}

test('whatever its letters, and in whatever escapes of escapes it comes, nothing of a secret remains', () => {
  const hits = new Map<string, number>();
  const ways: Readonly<Record<string, (text: string) => string>> = {
    json: text => JSON.stringify(text).slice(1, -1),
    percents: encodeURIComponent,
    'all percents': text => Buffer.from(text).toString('hex').replace(/../g, '%$&'),
    unicode: text => text.replace(/[^]/g, letter => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`),
    html: text => text.replace(/[^a-z0-9]/gi, letter => `&#${letter.charCodeAt(0)};`),
    lines: text => text.replace(/.{5}(?=.)/g, '$&\r\n\t'),
  };
  const secret = fc
    .array(fc.constantFrom(...Array.from('QWERTYUIOPASDFGHJKLZXCVBNM0123456789%"\\+/&<')), {
      minLength: 6,
      maxLength: 60,
    })
    .map(letters => `Q${letters.join('')}Z`);
  fc.assert(
    fc.property(secret, fc.boolean(), fc.array(fc.constantFrom(...Object.keys(ways)), { maxLength: 3 }), (...drawn) => {
      const [password, inBase64, some] = drawn;
      // Lines are broken before or after all escapes, not within them.
      const chosen = some.filter((way, at) => way !== 'lines' || at === 0 || at === some.length - 1);
      for (const way of chosen) hits.set(way, (hits.get(way) ?? 0) + 1);
      const spelt = chosen.reduce(
        (text, way) => (ways[way] as (text: string) => string)(text),
        inBase64 ? Buffer.from(password).toString('base64').replaceAll('=', '') : password,
      );
      expect(scrub(`denied: ${spelt} .`, [{ username: 'robot', password }])).toMatch(/^denied: (.)\1\1 \.$/);
    }),
    { numRuns: 1_000 },
  );
  process.stdout.write(`scrub: ways hit ${JSON.stringify(Object.fromEntries(hits))}\n`);
  expect(Math.min(...hits.values())).toBeGreaterThan(100);
});
