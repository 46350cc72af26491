import fc from 'fast-check';
import { referenceCases } from './reference-cases.ts';

/** Secrets as the API server has them, their contents decoded, and images that are looked up in the keyring of all. */
export interface CredentialsCase {
  readonly secrets: readonly { readonly type: string; readonly data: Readonly<Record<string, string>> }[];
  readonly images: readonly string[];
}

/** What `matchImages` of a credential provider says, and an image. */
export interface RegistryCase {
  readonly pattern: string;
  readonly image: string;
}

const concat = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map(texts => texts.join(''));
/** `[weight, texts]`, one of which is taken. */
export const some = (...choices: [number, readonly string[] | fc.Arbitrary<string>][]) =>
  fc.oneof(
    ...choices.map(([weight, from]) => ({
      weight,
      arbitrary: from instanceof fc.Arbitrary ? from : fc.constantFrom(...(from as string[])),
    })),
  );
const noise = fc.string({ unit: 'binary', maxLength: 4 });

const HOSTS = ['b.a.reg.example', 'localhost', 'my_reg.example', '10.0.0.1', 'F', 'Q'];
const HUBS = ['docker.io', 'index.docker.io', 'registry-1.docker.io', 'Docker.io'];
const IPV6 = [
  '[fd00::1]',
  '[FD00::1]',
  '[::]',
  '[::ffff:10.0.0.1]',
  '[1:2:3:4:5:6:7::]',
  '[fe80::1%25A-Z]',
  '[fe80::1%25%5B.%20]',
];
/** Without a port, brackets are a class of characters to filepath.Match. */
const CLASSES = [
  '[FD00::1]',
  '[fe80::1%25A-Z]',
  '[fe80::1%252-%5B]',
  '[fe80::1%25A-]',
  '[fe80::1%25A-Z%09]',
  '[fe80::1%25A-Z%c3%a9]',
  '[fe80::1%25A-é%20]',
  '[fe80::1%25%2525A-Z]',
];
const BAD_IPV6 = [
  '[fd00::1',
  '[fd00::1]]',
  '[1::2::3]',
  '[fe80::1%25]',
  '[%25a]',
  '[10.0.0.1]',
  '[12345::]',
  '[fe80::1%25é]',
  '[fe80::1%]',
];
const GLOBS = [
  '*',
  '*.*',
  '*.reg.example',
  'r*g.example',
  'r*g.example',
  're*.*',
  '*.example',
  'reg.*',
  '**.exa*l*',
  'reg.[a-z]xample',
  'r?g.example',
  'r\\eg.example',
  'doc*.io',
];
const ODD_HOSTS = [
  '',
  'REG.example',
  'reg..example',
  'reg.example.',
  'reg%2eexample',
  'reg%25.example',
  'rég.example',
  'r%c3%a9g.example',
  'reg]',
  're g.example',
  '%',
];

/** Few hosts, so that images and keys meet. */
const common = some([6, ['reg.example']], [3, ['a.reg.example', 'reg.example:5000', '[fd00::1]:5000']], [1, HOSTS]);
const host = some([9, common], [3, HUBS], [1, IPV6]);
const ports = some([12, ['']], [2, [':5000', ':443']], [1, [':', ':05000', ':5000:1', ':x', ':%35', ':-1']]);
const scheme = some(
  [16, ['']],
  [6, ['https://', 'http://']],
  [1, ['HTTPS://', 'ftp://', '//', 'https:', 'https://https://', 'm e@', 'm%e@']],
  [1, ['me@', 'me:p%40@']],
);
const keyPath = some(
  [8, ['']],
  [3, ['/', '/team', '/team/', '/library', '/v1/', '/v2/', '/v2/team', '/te']],
  [
    2,
    [
      '/v1',
      '/v1/v2/',
      '/te%61m',
      '/*',
      '/te%61m',
      '/te%2561m',
      '/TEAM',
      '//team',
      '/../team',
      '?',
      '/team?x',
      '/team#x',
      ':1',
      '@sha256:0',
    ],
  ],
  [1, ['/%zz', '#%', '/\u0000', '/\u007f', '/%00', '/t%C3%A9am', '/é']],
);
const keyHost = some([10, host], [5, GLOBS], [1, BAD_IPV6], [1, ODD_HOSTS]);
const key = some(
  [20, concat(scheme, keyHost, ports, keyPath)],
  [
    4,
    [
      'https://index.docker.io/v1/',
      'index.docker.io',
      'docker.io',
      'https://index.docker.io/v1',
      'http://index.docker.io/v2/',
    ],
  ],
  [1, ['__proto__', 'constructor', '5000', '*']],
  [3, CLASSES],
  [1, concat(noise, host, noise)],
);
const pattern = some(
  [
    20,
    concat(
      some([20, ['']], [1, scheme], [2, ['me@', 'me:p%40@', 'm e@']]),
      some([2, keyHost], [1, GLOBS]),
      ports,
      keyPath,
    ),
  ],
  [2, CLASSES],
  [1, concat(noise, host, noise)],
);
const image = some(
  [
    20,
    concat(
      host,
      some([12, ['']], [1, ports]),
      fc.constantFrom('/team/app', '/team/app:1', '/team-2/app', '/app', '/library/app', '/v2/team/app'),
    ),
  ],
  [6, ['nginx', 'team/app:1', 'library/nginx', 'docker.io/team/app']],
  [2, ['F/app', 'Q/app']],
  [1, referenceCases],
);

/** Of a text, in one of the ways that JSON has for it. */
const quoted = (text: fc.Arbitrary<string>) =>
  fc.tuple(text, fc.integer({ min: 0, max: 9 })).map(([plain, how]) => {
    const json = JSON.stringify(plain);
    return how > 0 ? json : json.replaceAll(/[a-z./:]/g, char => `\\u00${(char.codePointAt(0) ?? 0).toString(16)}`);
  });
/** Mostly as written in documents, now and then in another case: ſ and K are letters of "s" and "k" to Go. */
const named = (name: string) =>
  some(
    [12, [name]],
    [1, [name.toUpperCase(), `${name[0]?.toUpperCase()}${name.slice(1)}`, name.replace(/s/, 'ſ')]],
    [1, [`${name} `, name.replace(/s/, 'ß'), name.replace(/i/, 'İ'), name.slice(1)]],
  ).map(text => JSON.stringify(text));

const user = some(
  [8, fc.nat(9_999).map(number => `user ${number}`)],
  [1, ['', 'é\u{1f4a5}', 'a\nb', '\0', '\ufeff', '__proto__', '\ud800']],
);
const base64 = (text: string) => Buffer.from(text).toString('base64');
const pair = concat(user, fc.constant(':'), some([8, user], [1, ['pa:ss', 'p\r\n', '\0\0']]));
const damagedBase64 = fc
  .tuple(
    pair.map(base64),
    fc.constantFrom('=', '==', ' ', '\n', '\r\n', '\t', '-', '_', '\u0085', ':', 'A'),
    fc.double({ min: 0, max: 1, noNaN: true }),
  )
  .map(([text, odd, where]) => {
    const at = Math.floor(where * (text.length + 1));
    return text.slice(0, at) + odd + text.slice(at);
  });
const auth = some(
  [12, pair.map(base64)],
  [3, pair.map(text => base64(text).replaceAll('=', ''))],
  [2, pair.map(text => `${base64(text).replaceAll(/.{3}/g, '$&\n')}\n`)],
  [1, damagedBase64],
  [1, [base64('nocolon'), '', '=', 'YTpi/+==', base64(':'), '/////zov', '////Ov//', 'bWU6cB==', 'Og', '\n', '====']],
);

const ODD_VALUES = ['5', '-1.5e3', 'true', 'false', '[]', '["a"]', '{}', '{"a":[{}]}', '""'];
const value = (text: fc.Arbitrary<string>) => some([60, quoted(text)], [2, ['null']], [1, ODD_VALUES]);
const member = (name: fc.Arbitrary<string>, of: fc.Arbitrary<string>) =>
  concat(name, some([9, [':']], [1, [' :\n']]), of);
const object = (...members: fc.Arbitrary<string>[]) =>
  fc
    .tuple(fc.tuple(...members), some([9, [',']], [1, [' ,\t']]))
    .map(([texts, comma]) => `{${texts.filter(text => text !== '').join(comma)}}`);
const objectOf = (one: fc.Arbitrary<string>, maxLength: number) =>
  fc.array(one, { maxLength, size: 'max' }).map(texts => `{${texts.join(',')}}`);

const field = fc.oneof(
  { weight: 6, arbitrary: member(named('auth'), value(auth)) },
  { weight: 4, arbitrary: member(named('username'), value(user)) },
  { weight: 4, arbitrary: member(named('password'), value(user)) },
  { weight: 1, arbitrary: member(named('email'), value(user)) },
  { weight: 1, arbitrary: member(named('identitytoken'), some([4, quoted(user)], [1, ODD_VALUES])) },
  {
    weight: 1,
    arbitrary: member(fc.constantFrom('"registrytoken"', '"x"', '""'), some([1, quoted(user)], [1, ODD_VALUES])),
  },
);
const entry = some(
  [56, object(member(named('auth'), quoted(auth)))],
  [24, object(member(named('username'), quoted(user)), member(named('password'), quoted(user)))],
  [24, objectOf(field, 4)],
  [4, ['{}', 'null', '{"identitytoken":"t"}']],
  [1, ['5', '"x"', 'true', '[]', '[{}]']],
);
const auths = some([20, objectOf(member(quoted(key), entry), 5)], [1, ['null', '{}', '[]', '"x"', '5']]);
const other = some(
  [30, ['']],
  [
    10,
    ['"credsStore":"osxkeychain"', '"credHelpers":{"reg.example":"ecr-login"}', '"x":[[{"auths":{"reg.example":5}}]]'],
  ],
  [5, ['"HttpHeaders":{"a":"b"}', '"HTTPHeaders":{"a":null}', '"HttpHeaders":null', '"HttpHeaderſ":{}']],
  [1, ['"HttpHeaders":{"a":5}', '"HttpHeaders":[]', '"HttpHeaders":"x"']],
);
const config = some(
  [14, object(other, member(named('auths'), auths))],
  [4, object(member(named('auths'), auths), other, member(named('auths'), auths))],
);
/** What is hardly JSON, or at all not. */
const broken = some(
  [3, concat(fc.constantFrom('\ufeff', '\0', '[', '//\n', '{"a":1,}', "{'a':1}"), config)],
  [3, concat(config, fc.constantFrom('}', '\0', '\u00a0', '{}', ',', '\\'))],
  [
    1,
    [
      '',
      ' ',
      '[]',
      '"x"',
      '5',
      'null',
      ' null\n',
      'NaN',
      '{"auths":{"r":{"auth":"\\x"}}}',
      `${'['.repeat(10_001)}${']'.repeat(10_001)}`,
    ],
  ],
  [1, [`{"x":${'['.repeat(9_999)}${']'.repeat(9_999)}}`, `{"x":${'['.repeat(10_000)}${']'.repeat(10_000)}}`]],
);

const JSON_TYPE = 'kubernetes.io/dockerconfigjson';
const CFG_TYPE = 'kubernetes.io/dockercfg';
const secret = fc.oneof(
  { weight: 14, arbitrary: config.map(text => ({ type: JSON_TYPE, data: { '.dockerconfigjson': text } })) },
  { weight: 6, arbitrary: auths.map(text => ({ type: CFG_TYPE, data: { '.dockercfg': text } })) },
  { weight: 1, arbitrary: broken.map(text => ({ type: JSON_TYPE, data: { '.dockerconfigjson': text } })) },
  { weight: 1, arbitrary: broken.map(text => ({ type: CFG_TYPE, data: { '.dockercfg': text } })) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constantFrom(JSON_TYPE, CFG_TYPE, 'Opaque', '', 'Kubernetes.io/dockercfg'),
      data: fc.dictionary(fc.constantFrom('.dockerconfigjson', '.dockercfg', 'dockercfg', '__proto__'), config, {
        maxKeys: 2,
      }),
    }),
  },
);

export const credentialsCases: fc.Arbitrary<CredentialsCase> = fc.record({
  secrets: fc.array(secret, { minLength: 1, maxLength: 3, size: 'max' }),
  images: fc.array(image, { minLength: 2, maxLength: 4, size: 'max' }),
});

export const registryCases: fc.Arbitrary<RegistryCase> = fc.record({ pattern, image });
