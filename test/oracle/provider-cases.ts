import fc from 'fast-check';
import { some } from './credentials-cases.ts';

/** A configuration of credential providers: one file, or the files of a folder. */
export interface ProviderConfigCase {
  readonly folder: boolean;
  readonly files: Readonly<Record<string, string>>;
}

/** Lookups one after the other, while plugins answer from files. */
export interface ProvidersCase {
  readonly config: string;
  /** Of each plugin its shell script. */
  readonly plugins: Readonly<Record<string, string>>;
  readonly steps: readonly { readonly image: string; readonly files: Readonly<Record<string, string>> }[];
}

/** Named values as a document has them: doubled, unknown and missing names are possible. */
type Value = string | { readonly [raw]: string } | readonly Value[] | Members;
interface Members {
  readonly members: readonly (readonly [name: string, value: Value])[];
}
/** Written as it stands, in JSON and YAML. */
const raw = Symbol('raw');
const as = (text: string): Value => ({ [raw]: text });

const ODD: Value[] = ['5', 'true', 'null', '[]', '{}', '""', '1.5', '["a"]', '{"a":"b"}'].map(as);
/** Of YAML alone; in JSON they are no values at all. */
const YAML_ODD: Value[] = [
  'yes',
  '~',
  '0x1F',
  '1_000',
  '1e3',
  '.5',
  '"q\\u0041"',
  "'s'",
  '2001-01-01',
  '1:30',
  '!!str 5',
  '*nothing',
  '- a',
  '|-\n    x',
  '.nan',
  'a: b',
  '@a',
  'on',
  '007',
].map(as);

type Odds = 'json' | 'yaml';
const value = (odds: Odds, ...texts: string[]) =>
  fc.oneof(
    { weight: 300, arbitrary: fc.constantFrom<Value>(...texts) },
    { weight: 1, arbitrary: fc.constantFrom<Value>(...ODD) },
    ...(odds === 'yaml' ? [{ weight: 4, arbitrary: fc.constantFrom<Value>(...YAML_ODD) }] : []),
  );
const list = (odds: Odds, item: fc.Arbitrary<Value>, minLength = 0) =>
  fc.oneof(
    { weight: 200, arbitrary: fc.array(item, { minLength, maxLength: 3, size: 'max' }) },
    { weight: 1, arbitrary: value(odds, 'text', '') },
  );
/** A field that is mostly there; `extra` ones come rarely, or twice. */
const object = (fields: Record<string, fc.Arbitrary<Value>>, rare: Record<string, fc.Arbitrary<Value>> = {}) => {
  const field = ([name, of]: [string, fc.Arbitrary<Value>], there: number, absent: number) =>
    fc.oneof(
      { weight: there, arbitrary: of.map(one => [[name, one] as const]) },
      { weight: absent, arbitrary: fc.constant([]) },
      {
        weight: 1,
        arbitrary: fc.constantFrom<(readonly [string, Value])[]>([[name.toUpperCase(), 'x']], [[name, as('null')]]),
      },
    );
  const doubled = fc.oneof({ weight: 200, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });
  return fc
    .tuple(
      fc.tuple(
        ...Object.entries(fields).map(one => field(one, 300, 1)),
        ...Object.entries(rare).map(one => field(one, 60, 140)),
      ),
      doubled,
    )
    .map(([parts, twice]): Value => {
      const members = parts.flat();
      return { members: twice ? [...members, ...members.slice(0, 1)] : members };
    });
};

const DURATIONS = [
  '10m',
  '1h30m',
  '0s',
  '0',
  '1.5h',
  '.5s',
  '5.ms',
  '3us',
  '3µs',
  '3μs',
  '7ns',
  '+2s',
  '-1s',
  '-0',
  '1d',
  '',
  'h',
  '1',
  '.s',
  '1h 2m',
  '2562047h',
  '2562048h',
  '1e3s',
  '9223372036854775808ns',
  '00000000000000000000001s',
];
const V1 = 'credentialprovider.kubelet.k8s.io/v1';
const names = fc.oneof(
  { weight: 30, arbitrary: fc.nat(20).map((number): Value => `provider-${number}`) },
  { weight: 2, arbitrary: fc.constantFrom<Value>('', '.', '..', 'a/b', 'a b', 'a\tb', 'é', '__proto__', 'a.b') },
);
const PATTERNS = ['*.dkr.ecr.*.amazonaws.com', 'gcr.io', 'reg.example:5000/team', '[fd00::1]:5', '', '*'];
const BAD_PATTERNS = ['re g', 'reg:x', '[fd', 'reg/%zz', 'a:1:2', '\n'];

const provider = (odds: Odds) =>
  object(
    {
      name: names,
      matchImages: list(
        odds,
        fc.oneof(
          { weight: 30, arbitrary: value(odds, ...PATTERNS) },
          { weight: 1, arbitrary: fc.constantFrom<Value>(...BAD_PATTERNS) },
        ),
        1,
      ),
      defaultCacheDuration: fc.oneof(
        { weight: 4, arbitrary: value(odds, '10m', '0s') },
        { weight: 1, arbitrary: value(odds, ...DURATIONS) },
      ),
      apiVersion: fc.oneof(
        { weight: 20, arbitrary: value(odds, ...Array.from({ length: 12 }, () => V1), `${V1}beta1`, `${V1}alpha1`) },
        { weight: 1, arbitrary: value(odds, `${V1}beta2`, 'v1') },
      ),
    },
    {
      args: list(odds, value(odds, 'get-credentials', '--v=3', '')),
      env: list(odds, object({ name: value(odds, 'AWS_PROFILE', ''), value: value(odds, 'a', 'b c') })),
      tokenAttributes: object(
        {
          serviceAccountTokenAudience: value(odds, 'aud', 'aud', 'aud', 'aud', 'aud', ''),
          cacheType: value(odds, ...Array.from({ length: 5 }, () => ['Token', 'ServiceAccount']).flat(), 'token'),
          requireServiceAccount: fc.constantFrom<Value>(
            ...Array.from({ length: 12 }, () => as('true')),
            as('false'),
            'true',
            as('null'),
          ),
        },
        {
          requiredServiceAccountAnnotationKeys: list(odds, value(odds, 'a.example/b', 'B', 'c_d')),
          optionalServiceAccountAnnotationKeys: list(
            odds,
            value(odds, 'x', 'B', 'a/b/c', '-x', 'é', 'a'.repeat(64), 'A.Example/b', '/x'),
          ),
        },
      ),
    },
  );
const config = (odds: Odds) =>
  object({
    kind: fc.oneof(
      { weight: 60, arbitrary: fc.constant<Value>('CredentialProviderConfig') },
      { weight: 1, arbitrary: value(odds, 'KubeletConfiguration', '') },
    ),
    apiVersion: fc.oneof(
      { weight: 30, arbitrary: fc.constant<Value>('kubelet.config.k8s.io/v1') },
      {
        weight: 4,
        arbitrary: fc.constantFrom<Value>('kubelet.config.k8s.io/v1beta1', 'kubelet.config.k8s.io/v1alpha1'),
      },
      { weight: 1, arbitrary: value(odds, 'kubelet.config.k8s.io/v2', 'v1', '', V1, 'a/b/c') },
    ),
    providers: list(odds, provider(odds), 1),
  });

function toJson(one: Value): string {
  if (typeof one === 'string') return JSON.stringify(one);
  if (isList(one)) return `[${one.map(toJson).join(',')}]`;
  if (!('members' in one)) return one[raw];
  return `{${one.members.map(([name, of]) => `${JSON.stringify(name)}:${toJson(of)}`).join(', ')}}`;
}

/** Blocks, and texts in quotes only where they need some. */
function toYaml(one: Value, indent = ''): string {
  if (typeof one === 'string') return /^[a-zA-Z.][\w./-]*$/.test(one) ? one : JSON.stringify(one);
  if (isList(one))
    return one.length === 0 ? '[]' : one.map(item => `\n${indent}- ${toYaml(item, `${indent}  `)}`).join('');
  if (!('members' in one)) return one[raw];
  if (one.members.length === 0) return '{}';
  return one.members.map(([name, of]) => `\n${indent}${name}: ${toYaml(of, `${indent}  `)}`).join('');
}

function isList(one: Value): one is readonly Value[] {
  return Array.isArray(one);
}

const frame = (text: fc.Arbitrary<string>, ...odd: string[]) =>
  fc.oneof(
    { weight: 30, arbitrary: text },
    { weight: 1, arbitrary: fc.tuple(text, fc.constantFrom(...odd)).map(([before, after]) => before + after) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('\ufeff', '\n ', '\u00a0', '# a\n', '---\n', '}'), text)
        .map(parts => parts.join('')),
    },
  );
const file = fc.oneof(
  { weight: 5, arbitrary: frame(config('json').map(toJson), ' ', '}', '\n---\n{}', '# x') },
  {
    weight: 5,
    arbitrary: frame(
      config('yaml').map(one => toYaml(one).trimStart()),
      '\n',
      '\n---\nx: [',
      '\n# x',
      '\n}',
      '\n\tx: y',
    ),
  },
);
const broken = fc.constantFrom(
  '',
  'null',
  '[]',
  '5',
  'a: &a [*a]',
  '{"kind":',
  'kind: {a: b}',
  '---\n---\n',
  'x: y: z',
  '%YAML 3.0\n---\na: b',
  '!!binary x',
);
const content = fc.oneof({ weight: 30, arbitrary: file }, { weight: 1, arbitrary: broken });
const fileNames = some(
  [20, ['a.json', 'b.yaml', 'c.yml']],
  [1, ['a.yaml', '.json', 'B.yaml', 'd.txt', 'e.JSON', 'f.yaml.bak', 'json']],
);

export const providerConfigCases: fc.Arbitrary<ProviderConfigCase> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ folder: fc.constant(false), files: content.map(text => ({ 'config.any': text })) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      folder: fc.constant(true),
      files: fc.dictionary(fileNames, content, { maxKeys: 3, size: 'max' }),
    }),
  },
);

/** Values of YAML 1.1 whose meaning readers see differently, one a line. */
const SCALARS = String.raw`
yes
n
OFF
oFF
NULL
~x
0o7
0O7
0777
08
0x1F
0xFFFFFFFFFFFFFFFFF
+0x1f
0b1_1
-0b1
1_000
685_230.15
1.5e+3_0
1e3
1e1000
.5
5.
.e1
0.1_
.inf
.NaN
1:30
190:20:30
2001-01-01
2001-12-14t21:59:43.10-05:00
9223372036854775808
!!str 5
!!str ~
!!int "5"
!!float 5
!!bool yes
!!null ""
!!binary YQ==
!foo 5
! 5
&a x
"\x41\0\a\e\_\N\L\P"
"\U0001f4a5"
"\/"
"\'"
'it''s'
x #c
x#c
a:b
=
-
%a
`
  .trim()
  .split('\n');

export const yamlCases: readonly { readonly scalar: string; readonly config: ProviderConfigCase }[] = SCALARS.map(
  scalar => ({
    scalar,
    config: {
      folder: false,
      files: {
        'a.yaml': `kind: CredentialProviderConfig
apiVersion: kubelet.config.k8s.io/v1
providers:
- name: one
  matchImages: [a]
  apiVersion: ${V1}
  defaultCacheDuration: 1h
  args:
  - ${scalar}
`,
      },
    },
  }),
);

/** Writes down what it is asked, and answers with what lies there under its name; without that it fails. */
const SCRIPT = '#!/bin/sh\ncat > "$1.asked"\nexec cat "$1.answer"\n';

const mostly = (good: fc.Arbitrary<unknown>, ...odd: unknown[]) =>
  fc.oneof({ weight: 30, arbitrary: good }, { weight: 1, arbitrary: fc.constantFrom<unknown>(...odd) });
const KEYS = [
  'reg.example',
  'reg.example',
  'reg.example',
  'reg.example/team',
  '*.example',
  '*',
  'a.reg.example',
  'reg.example:5000',
  'docker.io',
  'index.docker.io',
  'reg:x',
  '__proto__',
];
const pairOf = (username: string) =>
  mostly(
    fc.constant({ username, password: 'p' }),
    null,
    { username },
    { username: null, password: '' },
    { username, password: 5 },
    { username, Password: 'p' },
  );

/** Of one run; undefined: the plugin fails. */
const answerOf = (username: string) => {
  const fields = {
    kind: mostly(fc.constant('CredentialProviderResponse'), 'CredentialProviderRequest', 'Secret', ''),
    apiVersion: mostly(fc.constant(V1), `${V1}beta1`, 'v1', 'a/b/c'),
    cacheKeyType: mostly(fc.constantFrom('Image', 'Registry', 'Global'), 'image', '', null, 5),
    cacheDuration: mostly(fc.constantFrom('1h', '1h', '0s', null, '1ns', '-1h'), '1', 5, '', true),
    auth: mostly(fc.dictionary(fc.constantFrom(...KEYS), pairOf(username), { maxKeys: 3, size: 'max' }), null, [], 'x'),
  };
  const whole = fc.record(fields, { requiredKeys: ['kind', 'apiVersion', 'cacheKeyType', 'auth'] });
  const text = fc.oneof(
    { weight: 40, arbitrary: whole },
    { weight: 1, arbitrary: whole.map(one => ({ ...one, extra: 1 })) },
  );
  return fc.oneof(
    { weight: 30, arbitrary: text.map(one => JSON.stringify(one)) },
    { weight: 1, arbitrary: text.map(one => `\ufeff${JSON.stringify(one)}`) },
    { weight: 1, arbitrary: text.map(one => `${JSON.stringify(one)}garbage`) },
    { weight: 1, arbitrary: fc.constantFrom('', 'null', '[]', 'kind: CredentialProviderResponse') },
    { weight: 2, arbitrary: fc.constant(undefined) },
  );
};

const runnable = fc.record({
  matchImages: fc
    .subarray(
      [
        'reg.example',
        'reg.example',
        'docker.io',
        'reg.example/team',
        '*.example',
        '*.*.example',
        '*',
        'reg.example:5000',
      ],
      { minLength: 2 },
    )
    .map(patterns => patterns.toReversed()),
  defaultCacheDuration: fc.constantFrom('1h', '1h', '0s'),
  apiVersion: fc.constant(V1),
});
const IMAGES = some(
  [4, ['reg.example/team/app:1', 'reg.example/app', 'reg.example/team/app:2']],
  [3, ['a.reg.example/app', 'reg.example:5000/app', 'nginx', 'localhost/app']],
);

export const providersCases: fc.Arbitrary<ProvidersCase> = fc
  .array(runnable, { minLength: 1, maxLength: 2, size: 'max' })
  .chain(all => {
    const named = all.map((one, index) => ({ ...one, name: `p${index}`, args: [`p${index}`] }));
    const step = (number: number) =>
      fc
        .tuple(IMAGES, ...named.map(({ name }) => answerOf(`${name} in step ${number}`)))
        .map(([image, ...answers]) => ({
          image,
          files: Object.fromEntries(
            answers.flatMap((text, index) => (text === undefined ? [] : [[`p${index}.answer`, text]])),
          ),
        }));
    const config = { kind: 'CredentialProviderConfig', apiVersion: 'kubelet.config.k8s.io/v1', providers: named };
    return fc.record({
      config: fc.constant(JSON.stringify(config)),
      plugins: fc.constant(Object.fromEntries(named.map(({ name }) => [name, SCRIPT]))),
      steps: fc.tuple(step(0), step(1), step(2)),
    });
  });
