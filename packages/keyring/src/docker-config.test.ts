import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseDockerConfig, parsePullSecret } from './docker-config.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const auths = (...entries: string[]) => `{"auths":{${entries.join(',')}}}`;
const auth = (value: string) => auths(`"r.example":{"auth":${JSON.stringify(value)}}`);

test.each<[string, string, [key: string, username: string, password: string, token?: string][]]>([
  ['auth', auth(base64('me:pa:ss')), [['r.example', 'me', 'pa:ss']]],
  ['auth without padding', auth('bWU6cA'), [['r.example', 'me', 'p']]],
  ['auth over several lines', auth('bW\r\nU6\ncA=\n=\n'), [['r.example', 'me', 'p']]],
  ['a line break in a password', auth(base64('me:p\n')), [['r.example', 'me', 'p\n']]],
  ['auth beside name and password', auths('"r":{"username":"a","password":"b","auth":"bWU6cA"}'), [['r', 'me', 'p']]],
  ['name and password', auths('"r":{"Username":"a","PASSWORD":"b","email":"e"}'), [['r', 'a', 'b']]],
  ['the long s in a name', '{"authſ":{"r":{"uſername":"a"}}}', [['r', 'a', '']]],
  [
    'nothing about the user',
    auths('"r":{}', '"s":null'),
    [
      ['r', '', ''],
      ['s', '', ''],
    ],
  ],
  ['an identity token', auths('"r":{"auth":"bWU6cA","identitytoken":"t"}'), [['r', 'me', 'p', 't']]],
  ['an identity token of another kind', auths('"r":{"identitytoken":5}'), [['r', '', '']]],
  ['a doubled registry: the last', auths('"r":{"username":"a"}', '"r":{"password":"b"}'), [['r', '', 'b']]],
  [
    'a doubled auths: both',
    '{"auths":{"r":{}},"AUTHS":{"s":{}}}',
    [
      ['r', '', ''],
      ['s', '', ''],
    ],
  ],
  ['auths, then null', '{"auths":{"r":{}},"auths":null}', []],
  ['a name, then null', auths('"r":{"username":"a","username":null}'), [['r', 'a', '']]],
  ['stores and helpers', '{"credsStore":"s","credHelpers":{"r":"h"},"HttpHeaders":{"a":"b","c":null}}', []],
  ['null', ' null ', []],
  ['a prototype', auths('"__proto__":{"username":"__proto__"}'), [['__proto__', '__proto__', '']]],
  ['half a character', auths('"r":{"username":"\\ud800x"}'), [['r', '\ufffdx', '']]],
  ['texts with quotes and brackets', auths('"r":{"x":["]}\\"",{}],"username":"}\\\\"}'), [['r', '}\\', '']]],
])('%s is read as the kubelet reads it', (_what, text, expected) => {
  const entries = expected.map(([key, username, password, identityToken]) => ({
    key,
    username,
    password,
    ...(identityToken !== undefined && { identityToken }),
  }));
  expect(parseDockerConfig(text, 'dockerconfigjson')).toEqual({ entries });
});

test.each([
  ['', 'it is empty'],
  ['\ufeff{}', 'it is no JSON'],
  ['{"auths":{}', 'it is no JSON'],
  [`${'['.repeat(10_001)}${']'.repeat(10_001)}`, 'it is no JSON'],
  [' [1]', 'it is a list, expected an object'],
  ['{"auths":"x"}', 'auths is text, expected an object'],
  ['{"HttpHeaders":[]}', 'HttpHeaders is a list, expected an object'],
  ['{"HttpHeaders":{"a":5}}', 'a value of HttpHeaders is a number, expected text'],
  [auths('"a":{}', '"b":5'), 'entry 2 is a number, expected an object'],
  [auths('"r":{"email":5}'), 'email of entry 1 is a number, expected text'],
  [auths('"r":{"auth":false,"auth":"bWU6cA"}'), 'auth of entry 1 is false, expected text'],
  [auth(' bWU6cA'), 'auth of entry 1 is text, expected base64 of name:password'],
  [auth('bWU6cA='), 'auth of entry 1 is text, expected base64 of name:password'],
  [auth('bWU6cA====\n'), 'auth of entry 1 is text, expected base64 of name:password'],
  [auth('bWU-cA'), 'auth of entry 1 is text, expected base64 of name:password'],
  [auth(base64('nobody')), 'auth of entry 1 is text, expected base64 of name:password'],
  [auths(...Array.from({ length: 1_001 }, (_, index) => `"r${index}":{}`)), 'it has more than 1000 entries'],
  [' '.repeat(1024 * 1024 + 1), 'it is longer than 1048576 bytes'],
])('%.60j has the problem that %s', (text, problem) => {
  expect(parseDockerConfig(text, 'dockerconfigjson')).toEqual({ problem });
});

test.each([
  ['kubernetes.io/dockerconfigjson', '.dockerconfigjson', '{"auths":{"r":{}}}', { entries: 1 }],
  ['kubernetes.io/dockercfg', '.dockercfg', '{"r":{}}', { entries: 1 }],
  ['kubernetes.io/dockercfg', '.dockercfg', 'null', { entries: 0 }],
  [
    'kubernetes.io/dockercfg',
    '.dockerconfigjson',
    '{"auths":{"r":{}}}',
    { problem: 'it has nothing under .dockercfg' },
  ],
  ['kubernetes.io/dockerconfigjson', '.dockerconfigjson', '', { problem: 'it has nothing under .dockerconfigjson' }],
  [
    'Opaque',
    '.dockercfg',
    '{"r":{}}',
    { problem: 'its type is neither kubernetes.io/dockerconfigjson nor kubernetes.io/dockercfg' },
  ],
])('a secret of type %s with %s that holds %s gives %j', (type, name, text, expected) => {
  const parsed = parsePullSecret({ type, data: { [name]: base64(text) } });
  expect('entries' in parsed ? { entries: parsed.entries.length } : parsed).toEqual(expected);
});

test('no text makes parsing throw, and no problem repeats any of it', () => {
  const hits = { entries: 0, problem: 0 };
  const canary = fc.constantFrom('canary1', 'canary2:x', base64('canary:canary'), 'Y2FuYXJ5');
  const leaf = fc.oneof(canary, fc.integer(), fc.constantFrom(null, true, [], {}));
  const field = fc.constantFrom('auth', 'Auth', 'username', 'password', 'email', 'identitytoken', 'canary3');
  const config = fc
    .dictionary(
      fc.oneof(canary, fc.constant('__proto__')),
      fc.oneof(leaf, fc.dictionary(field, leaf, { maxKeys: 2 })),
      { maxKeys: 3 },
    )
    .map(entries => JSON.stringify({ auths: entries }));
  const text = fc.oneof(
    config,
    config.map(whole => whole.slice(0, -1)),
    fc.string({ unit: 'binary' }),
  );
  fc.assert(
    fc.property(text, fc.constantFrom('dockerconfigjson' as const, 'dockercfg' as const), (input, form) => {
      const parsed = parseDockerConfig(input, form);
      hits['problem' in parsed ? 'problem' : 'entries'] += 1;
      if ('problem' in parsed) expect(parsed.problem).not.toMatch(/canary|Y2FuYXJ5/);
    }),
    { numRuns: 5_000 },
  );
  process.stdout.write(`docker configs: ${JSON.stringify(hits)}\n`);
  expect(hits.entries).toBeGreaterThan(300);
  expect(hits.problem).toBeGreaterThan(1_000);
});

test('a text as long as a secret may be takes no long time', () => {
  // Quadratic work would need minutes; the limit leaves room for a slow machine.
  const startedAt = process.threadCpuUsage();
  const fill = 1024 * 1024 - 100;
  const quotes = auths(`"${String.raw`\"`.repeat(fill / 2)}":{}`);
  for (const text of ['['.repeat(fill), auth('='.repeat(fill)), quotes, '{"a":'.repeat(fill / 5)])
    parseDockerConfig(text, 'dockerconfigjson');
  const { user, system } = process.threadCpuUsage(startedAt);
  expect((user + system) / 1_000).toBeLessThan(20_000);
});
