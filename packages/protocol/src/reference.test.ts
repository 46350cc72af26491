import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  InvalidReference,
  type Reference,
  normaliseReference,
  parseReference,
  registryOf,
  tryParseReference,
} from './reference.ts';

const HEX_64 = 'a'.repeat(64);
const DIGEST = `sha256:${HEX_64}`;

const ACCEPTED: readonly [text: string, reference: Reference][] = [
  ['nginx', { path: 'nginx' }],
  ['nginx:1.27', { path: 'nginx', tag: '1.27' }],
  ['nginx:V1', { path: 'nginx', tag: 'V1' }],
  [`nginx:${'t'.repeat(128)}`, { path: 'nginx', tag: 't'.repeat(128) }],
  [`nginx@${DIGEST}`, { path: 'nginx', digest: DIGEST }],
  [`nginx:1.27@${DIGEST}`, { path: 'nginx', tag: '1.27', digest: DIGEST }],
  [`nginx@sha512:${'0'.repeat(128)}`, { path: 'nginx', digest: `sha512:${'0'.repeat(128)}` }],
  [`nginx@sha384:${'0'.repeat(96)}`, { path: 'nginx', digest: `sha384:${'0'.repeat(96)}` }],
  ['library/nginx', { path: 'library/nginx' }],
  ['team/app/web', { path: 'team/app/web' }],
  ['docker.io/nginx', { domain: 'docker.io', path: 'nginx' }],
  ['index.docker.io/team/app', { domain: 'index.docker.io', path: 'team/app' }],
  ['registry.example/app', { domain: 'registry.example', path: 'app' }],
  ['registry.example:5000/team/app:1', { domain: 'registry.example:5000', path: 'team/app', tag: '1' }],
  ['registry:5000/app', { domain: 'registry:5000', path: 'app' }],
  ['registry:5000', { path: 'registry', tag: '5000' }],
  ['localhost/app', { domain: 'localhost', path: 'app' }],
  ['localhost', { path: 'localhost' }],
  ['registry.example', { path: 'registry.example' }],
  ['127.0.0.1:5000/app', { domain: '127.0.0.1:5000', path: 'app' }],
  ['[::1]/app', { domain: '[::1]', path: 'app' }],
  ['[2001:db8::1]:5000/app:1', { domain: '[2001:db8::1]:5000', path: 'app', tag: '1' }],
  ['Registry/app', { domain: 'Registry', path: 'app' }],
  ['my_registry.example/app', { domain: 'my_registry.example', path: 'app' }],
  ['a-b__c.d--e/f_g', { domain: 'a-b__c.d--e', path: 'f_g' }],
  [`${HEX_64}/app`, { path: `${HEX_64}/app` }],
  [`${HEX_64}:1`, { path: HEX_64, tag: '1' }],
  [`r.example/${'a'.repeat(255)}`, { domain: 'r.example', path: 'a'.repeat(255) }],
  ['a'.repeat(255 - 'library/'.length), { path: 'a'.repeat(255 - 'library/'.length) }],
];

test.each(ACCEPTED)('%s is split as written', (text, reference) => {
  expect(parseReference(text)).toEqual(reference);
});

const REFUSED: readonly [text: string, because: RegExp][] = [
  ['', /repository is empty/],
  [':1', /repository is empty/],
  [`@${DIGEST}`, /repository is empty/],
  ['registry.example/', /repository is empty/],
  [HEX_64, /image ID/],
  ['Nginx', /lower case/],
  ['registry.example/Team/app', /lower case/],
  ['nginx:', /the tag ""/],
  ['nginx:.1', /the tag ".1"/],
  ['nginx:-1', /the tag "-1"/],
  [`nginx:${'t'.repeat(129)}`, /1 to 128/],
  ['nginx:1:2', /the tag "1:2"/],
  ['nginx:ä', /the tag/],
  ['nginx@', /the digest ""/],
  ['nginx@sha256:abc', /the digest/],
  [`nginx@sha256:${'A'.repeat(64)}`, /the digest/],
  [`nginx@sha256:${'a'.repeat(65)}`, /the digest/],
  [`nginx@md5:${'a'.repeat(32)}`, /the digest/],
  [`nginx@constructor:${HEX_64}`, /the digest/],
  [`nginx@${DIGEST}:1`, /the digest/],
  ['/nginx', /the repository/],
  ['nginx/', /the repository/],
  ['team//app', /the repository/],
  ['-team/app', /the repository/],
  ['team/app-', /the repository/],
  ['team/a..b', /the repository/],
  ['team/a___b', /the repository/],
  ['team/a._b', /the repository/],
  ['nginx ', /the repository/],
  ['nginx\n', /the repository/],
  ['ngi\u0000nx', /the repository/],
  ['https://registry.example/app', /"https:" is not a host/],
  ['registry.example:/app', /not a host/],
  ['registry.example:port/app', /not a host/],
  ['registry..example/app', /not a host/],
  ['-registry.example/app', /not a host/],
  ['user@registry.example/app', /the digest/],
  ['[::1/app', /not a host/],
  ['[]/app', /letters and digits/],
  ['[].example/app', /not a host/],
  ['[::1%eth0]/app', /not a host/],
  ['[::ffff:127.0.0.1]/app', /not a host/],
  ['::1/app', /not a host/],
  ['My_Registry/app', /not a host/],
  [`r.example/${'a'.repeat(256)}`, /256 characters, at most 255/],
  ['a'.repeat(248), /256 characters, at most 255/],
];

test.each(REFUSED)('%j is refused with a reason', (text, because) => {
  expect(() => parseReference(text)).toThrow(InvalidReference);
  expect(() => parseReference(text)).toThrow(because);
});

test('an error quotes no more than the start of a long text', () => {
  expect(messageOf('x'.repeat(100_000)).length).toBeLessThan(500);
});

test('whatever the text is, it is split into parts that make it up again, or refused as InvalidReference', () => {
  const hits = { accepted: 0, refused: 0 };
  const alphabet = fc.constantFrom(
    ...'abz09AZ._-:/@[]'.split(''),
    'sha256:',
    HEX_64,
    '__',
    'localhost',
    '\u0000',
    'é',
    '\ud800',
  );
  fc.assert(
    fc.property(
      fc.oneof({ weight: 4, arbitrary: fc.string({ unit: alphabet, maxLength: 6 }) }, fc.string({ unit: 'binary' })),
      text => {
        const parts = tryParseReference(text);
        hits[parts === undefined ? 'refused' : 'accepted'] += 1;
        return parts === undefined || joined(parts) === text;
      },
    ),
    { numRuns: 20_000 },
  );
  process.stdout.write(`references: ${JSON.stringify(hits)}\n`);
  expect(hits.accepted).toBeGreaterThan(500);
  expect(hits.refused).toBeGreaterThan(500);
});

const LONG = 2_000_000;
const HOSTILE: readonly [what: string, text: string][] = [
  ['letters', 'a'.repeat(LONG)],
  ['dashes', `a${'-'.repeat(LONG)}`],
  ['dashed host', `${'a-'.repeat(LONG / 2)}.example/app`],
  ['dots', 'a.'.repeat(LONG / 2)],
  ['slashes', 'a/'.repeat(LONG / 2)],
  ['separators', `x/${'a_'.repeat(LONG / 2)}!`],
  ['colons', `a${':'.repeat(LONG)}`],
  ['address', `[${':a'.repeat(LONG / 2)}!]/app`],
  ['port', `a:${'1'.repeat(LONG)}x/app`],
  ['tag', `a:${'1'.repeat(LONG)}`],
  ['digest', `a@sha256:${'1'.repeat(LONG)}`],
  ['at signs', `a${'@'.repeat(LONG)}`],
];

test.each(HOSTILE)('two million characters of %s are refused in linear time', (_what, text) => {
  // A quadratic expression would need hours here; the limit leaves room for a busy machine.
  const startedAt = process.threadCpuUsage();
  expect(tryParseReference(text)).toBeUndefined();
  const { user, system } = process.threadCpuUsage(startedAt);
  expect((user + system) / 1_000).toBeLessThan(20_000);
});

test('a host name of a million labels is read without running out of stack', () => {
  expect(parseReference(`${'a.'.repeat(LONG / 2)}example/app`).path).toBe('app');
});

test.each([
  ['nginx', 'docker.io/library/nginx:latest', 'docker.io'],
  ['nginx:1.27', 'docker.io/library/nginx:1.27', 'docker.io'],
  ['team/app', 'docker.io/team/app:latest', 'docker.io'],
  ['docker.io/nginx', 'docker.io/library/nginx:latest', 'docker.io'],
  ['index.docker.io/nginx:1', 'docker.io/library/nginx:1', 'docker.io'],
  ['docker.io/library/nginx', 'docker.io/library/nginx:latest', 'docker.io'],
  [`nginx@${DIGEST}`, `docker.io/library/nginx@${DIGEST}`, 'docker.io'],
  [`nginx:1.27@${DIGEST}`, `docker.io/library/nginx:1.27@${DIGEST}`, 'docker.io'],
  ['localhost/app', 'localhost/app:latest', 'localhost'],
  ['localhost:5000/app', 'localhost:5000/app:latest', 'localhost:5000'],
  ['[::1]:5000/app', '[::1]:5000/app:latest', '[::1]:5000'],
  ['registry.k8s.io/pause:3.10', 'registry.k8s.io/pause:3.10', 'registry.k8s.io'],
  ['Registry/app', 'Registry/app:latest', 'Registry'],
  ['my_registry.example/app', 'my_registry.example/app:latest', 'my_registry.example'],
])('%s is %s, from %s', (text, normal, registry) => {
  expect(normaliseReference(text)).toBe(normal);
  expect(registryOf(text)).toBe(registry);
  expect(normaliseReference(normal)).toBe(normal);
});

test('a malformed reference has neither a canonical form nor a registry', () => {
  expect(() => normaliseReference('Nginx')).toThrow(InvalidReference);
  expect(registryOf('Nginx')).toBeUndefined();
});

function messageOf(text: string): string {
  try {
    parseReference(text);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('accepted');
}

function joined({ domain, path, tag, digest }: Reference): string {
  return [domain && `${domain}/`, path, tag && `:${tag}`, digest && `@${digest}`].filter(Boolean).join('');
}
