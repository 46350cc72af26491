import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RegistryEntry } from './docker-config.ts';
import { matchCredentials } from './match-credentials.ts';
import { matchesImage } from './match-registry.ts';

const entry = (key: string, username = key): RegistryEntry => ({ key, username, password: 'p' });
const tried = (keys: readonly string[], image: string) =>
  matchCredentials(
    keys.map(key => entry(key)),
    image,
  ).map(({ key }) => key);

test.each([
  ['reg.example', 'reg.example/team/app:1', true],
  ['reg.example', 'reg.example:443/team/app', false],
  ['reg.example:', 'reg.example/team/app', true],
  ['reg.example:443', 'reg.example:443/team/app', true],
  ['reg.example:https', 'reg.example/team/app', false],
  ['a:1:2', 'a:1/app', false],
  ['REG.example', 'reg.example/app', false],
  ['https://reg.example/', 'reg.example/app', true],
  ['http://reg.example/v2/', 'reg.example/app', true],
  ['https://reg.example/v2', 'reg.example/app', false],
  ['HTTPS://reg.example', 'reg.example/app', false],
  ['reg.example/v1/team', 'reg.example/team/app', true],
  ['reg.example/team', 'reg.example/team-2/app', true],
  ['reg.example/team/', 'reg.example/team-2/app', false],
  ['reg.example/*', 'reg.example/app', false],
  ['reg.example/app:1', 'reg.example/app:1', false],
  ['reg.example/te%61m', 'reg.example/team/app', true],
  ['reg.example/te%m', 'reg.example/team/app', false],
  ['reg.example?x', 'reg.example/app', true],
  ['reg.example#%', 'reg.example/app', false],
  ['name:word@reg.example', 'reg.example/app', true],
  ['na me@reg.example', 'reg.example/app', false],
  ['reg .example', 'reg.example/app', false],
  ['*.reg.example', 'a.reg.example/app', true],
  ['*.reg.example', 'a.b.reg.example/app', false],
  ['a*c*.example', 'abbcbcb.example/app', true],
  ['a*c*d.example', 'abbcbcb.example/app', false],
  ['*', 'localhost/app', true],
  ['*', 'reg.example/app', false],
  ['*.*', 'reg.example/app', true],
  ['[fd00::1]:5000', '[fd00::1]:5000/app', true],
  ['[fd00::1]', '[fd00::1]/app', false],
  ['[FD00::1]', 'F/app', true],
  ['[FD00::1]', 'E/app', false],
  ['[fd00::g]:5000', '[fd00::1]:5000/app', false],
  ['docker.io', 'nginx', true],
  ['docker.io/library', 'index.docker.io/nginx:1@sha256:' + 'a'.repeat(64), true],
  ['registry-1.docker.io', 'nginx', false],
  ['https://index.docker.io/v1/', 'team/app', true],
  ['https://index.docker.io/v1', 'team/app', false],
  ['index.docker.io', 'localhost/app', true],
  ['index.docker.io', 'localhost:5000/app', false],
  ['', 'nginx', false],
  ['reg.example', 'reg.example/App', false],
])('the key %s is for %s: %s', (key, image, expected) => {
  expect(tried([key], image)).toEqual(expected ? [key] : []);
});

test.each([
  [
    'longer and plainer keys first',
    ['*.example', 'reg.*', 'reg.example', 'reg.example/a'],
    'reg.example/a/b',
    ['reg.example/a', 'reg.example', 'reg.*', '*.example'],
  ],
  [
    'under one key as they were added',
    ['https://reg.example/', 'reg.example', 'reg.example/v1/'],
    'reg.example/a',
    ['https://reg.example/', 'reg.example', 'reg.example/v1/'],
  ],
  ["Docker's key only where nothing else matches", ['index.docker.io', 'docker.io'], 'nginx', ['docker.io']],
  [
    "all of Docker's keys",
    ['index.docker.io', 'https://index.docker.io/v1/'],
    'nginx',
    ['index.docker.io', 'https://index.docker.io/v1/'],
  ],
])('%s', (_rule, keys, image, expected) => {
  expect(tried(keys, image)).toEqual(expected);
});

test.each([
  ['*.dkr.ecr.*.amazonaws.com', '1.dkr.ecr.eu-west-1.amazonaws.com/app', true],
  ['*.dkr.ecr.*.amazonaws.com', '1.dkr.ecr.cn-north-1.amazonaws.com.cn/app', false],
  ['https://reg.example', 'reg.example/app', false],
  ['docker.io', 'nginx', true],
  ['reg.example', 'reg.example/App', false],
])('the provider for %s is for %s: %s', (pattern, image, expected) => {
  expect(matchesImage(pattern, image)).toBe(expected);
});

const host = fc.constantFrom(
  'reg.example',
  '*.example',
  '*',
  'a.b.example',
  '[fd00::1]:5',
  'index.docker.io',
  'docker.io',
  'REG',
);
const key = fc
  .tuple(
    fc.constantFrom('', 'https://', 'x@'),
    host,
    fc.constantFrom('', '', '', '', ':5000', '/v1/', '/team', '/%zz', '?', '#%', '\n'),
  )
  .map(parts => parts.join(''));
const keyring = fc.array(
  fc.oneof({ weight: 9, arbitrary: key }, { weight: 1, arbitrary: fc.string({ unit: 'binary' }) }),
  { maxLength: 8, size: 'max' },
);
const image = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.constantFrom(
      'nginx',
      'reg.example/team/app:1',
      'a.example/x',
      'reg.example:5000/x',
      'REG/x',
      '[fd00::1]:5/x',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
);

test('matching never throws, and entries that do not match change nothing, wherever they are', () => {
  const hits = { none: 0, one: 0, several: 0 };
  fc.assert(
    fc.property(keyring, image, fc.infiniteStream(fc.boolean()), (keys, target, picks) => {
      const entries = keys.map((one, index) => entry(one, `user ${index}`));
      const matches = matchCredentials(entries, target);
      hits[matches.length === 0 ? 'none' : matches.length === 1 ? 'one' : 'several'] += 1;
      const kept = entries.filter(one => matches.includes(one) || picks.next().value);
      expect(matchCredentials(kept, target)).toEqual(matches);
      const others = entries.filter(one => !matches.includes(one));
      expect(matchCredentials([...others, ...entries.filter(one => matches.includes(one))], target)).toEqual(matches);
    }),
    { numRuns: 5_000 },
  );
  process.stdout.write(`keyrings: ${JSON.stringify(hits)}\n`);
  expect(Math.min(hits.none, hits.one, hits.several)).toBeGreaterThan(100);
});

test('many stars in a long host take no long search', () => {
  const startedAt = process.threadCpuUsage();
  expect(tried([`${'a*'.repeat(2_000)}b:5000`], `${'a'.repeat(4_000)}:5000/x`)).toEqual([]);
  const { user, system } = process.threadCpuUsage(startedAt);
  expect((user + system) / 1_000).toBeLessThan(20_000);
});

test('keys with stars cost no more than others, whatever stands behind the star', () => {
  const image = `${'i'.repeat(230)}.example/app:1`;
  const keyed = (key: (n: number) => string) =>
    Array.from({ length: 2_000 }, (_, n) => ({ key: key(n), username: 'u', password: 'p' }));
  const cpuMs = (entries: ReturnType<typeof keyed>) => {
    matchCredentials(entries, image);
    const before = process.cpuUsage();
    for (let n = 0; n < 5; n += 1) matchCredentials(entries, image);
    return process.cpuUsage(before).user / 1_000;
  };
  const plain = cpuMs(keyed(n => `${'i'.repeat(110)}j${n}.example`));
  expect(cpuMs(keyed(n => `*${'i'.repeat(110)}j${n}.example`))).toBeLessThan(20 * plain + 50);
});
