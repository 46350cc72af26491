import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aDeployment, aNode, aPrefetch } from '../../testing/index.ts';
import { broken, readText } from './read-text.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const read = (text: string) => readText(bytes(text));
const deployment = JSON.stringify(aDeployment('web'));
const doc = (body: string) => `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n${body}`;
const container = (body: string) => doc(`spec:\n  template:\n    spec:\n      containers:\n        - ${body}\n`);

test.each([
  ['nothing', '', []],
  ['comments and separators', '# a comment\n---\n---\n# another\n', []],
  ['YAML', container('image: nginx'), ['Deployment default/web']],
  ['JSON', deployment, ['Deployment shop/web']],
  ['JSON indented with tabs', JSON.stringify(aDeployment('web'), null, '\t'), ['Deployment shop/web']],
  ['a byte order mark', `\uFEFF${deployment}`, ['Deployment shop/web']],
  ['Windows line ends', container('image: nginx').replaceAll('\n', '\r\n'), ['Deployment default/web']],
  [
    'several documents',
    `${deployment}\n---\n${JSON.stringify(aNode('n1'))}\n...\n`,
    ['Deployment shop/web', 'Node n1'],
  ],
  [
    'a List, also in a List',
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [aNode('n1'), { apiVersion: 'v1', kind: 'List', items: [aPrefetch('p')] }],
    }),
    ['Node n1', 'Prefetch shop/p'],
  ],
  [
    'a typed list, whose items do not repeat what they are',
    JSON.stringify({ apiVersion: 'v1', kind: 'NodeList', items: [{ metadata: { name: 'n1' } }] }),
    ['Node n1'],
  ],
  ['an empty List', 'apiVersion: v1\nkind: List\nitems: []\n', []],
  [
    'anchors, aliases and merge keys',
    `x: &c {image: nginx}\n${doc('spec: {template: {spec: {containers: [{<<: *c, name: a}, *c]}}}')}`,
    ['Deployment default/web'],
  ],
  ['a container without an image yet', container('{name: web, image: ""}'), ['Deployment default/web']],
  [
    'a kind of workloads that Kubernetes has not, in any version',
    `apiVersion: argoproj.io/v7\nkind: Rollout\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{image: a}]}}}\n`,
    ['Rollout.argoproj.io default/web'],
  ],
  ['an object of another kind', 'apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n', []],
  ['a status that we wrote', 'apiVersion: kube-prefetch.io/v1alpha1\nkind: PrefetchStatus\nstatus: {}\n', []],
])('%s is read without a problem', (_name, text, objects) => {
  const reading = read(text);
  expect(reading.problems).toEqual([]);
  expect(reading.objects.map(({ name }) => name)).toEqual(objects);
});

function nested(depth: number): string {
  const inner = depth === 0 ? '' : nested(depth - 1);
  return `{"apiVersion": "v1", "kind": "List", "items": [${inner}]}`;
}

const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]', 'b', 'c', 'd', 'e', 'f', 'g'].reduce((text, name) => {
  const before = String.fromCharCode(name.charCodeAt(0) - 1);
  return `${text}\n${name}: &${name} [${Array(10).fill(`*${before}`).join(', ')}]`;
});

test.each([
  ['tabs as indentation', 'kind: List\nitems:\n\t- a\n', 3, /Tabs are not allowed/],
  ['a duplicate key', 'kind: Node\napiVersion: v1\nkind: Node\n', 3, /Map keys must be unique/],
  ['a duplicate key in JSON', '{"kind": "Node",\n "kind": "Node"}', 2, /Map keys must be unique/],
  ['an open bracket', 'kind: Node\nspec: [1, 2\n', 3, /must end with a \]|sufficiently indented/],
  ['an open quote', 'kind: "Node\n', 2, /quote/],
  ['an unknown alias', 'kind: *missing\n', 1, /Unresolved alias/],
  ['aliases that blow up', bomb, 1, /Excessive alias count/],
  ['an alias of itself', 'a: &a [*a, *a]\n', 1, /circular/],
  ['nesting without end', '['.repeat(50_000), 1, /Maximum call stack|must end with a \]|sufficiently indented/],
  ['text that is no object', 'hello\n', 1, /the document: expected a mapping, got "hello"/],
  ['a list that is no object', '- a\n', 1, /the document: expected a mapping, got a list/],
  ['no kind', 'apiVersion: v1\nmetadata: {name: a}\n', 1, /kind: expected the kind of the object, got nothing/],
  ['no apiVersion', 'kind: Node\n', 1, /apiVersion: expected the version of the kind, got nothing/],
  ['a kind that is a number', 'apiVersion: v1\nkind: 3\n', 2, /kind: expected text \(quote it.*\), got 3/],
  ['items that are no list', 'apiVersion: v1\nkind: List\nitems: {}\n', 3, /items: expected a list, got a mapping/],
  ['an item that is null', 'apiVersion: v1\nkind: List\nitems:\n- null\n', 4, /items\[0\]: expected a mapping/],
  ['lists without end', nested(6), 1, /expected no more lists within lists/],
  ['no name', 'apiVersion: v1\nkind: Node\nmetadata: {}\n', 3, /metadata.name: expected text, got nothing/],
  [
    'a name that is a path',
    'apiVersion: v1\nkind: Node\nmetadata:\n  name: ../a\n',
    4,
    /expected a name of lower-case/,
  ],
  [
    'a namespace that is a path',
    'apiVersion: kube-prefetch.io/v1alpha1\nkind: Prefetch\nmetadata:\n  name: a\n  namespace: a/b\n',
    5,
    /expected a namespace of lower-case letters, digits and -, got "a\/b"/,
  ],
  ['metadata that is text', 'apiVersion: v1\nkind: Node\nmetadata: a\n', 3, /metadata: expected a mapping, got "a"/],
  ['no template', doc('spec: {}'), 4, /spec.template.spec.containers: expected at least one container, got nothing/],
  ['an image that is a number', container('image: 1.27'), 8, /containers\[0\].image: expected text .*, got 1.27/],
  [
    'a pull policy that does not exist',
    container('{image: a, imagePullPolicy: Often}'),
    8,
    /expected Always, .*"Often"/,
  ],
  ['containers that are a mapping', doc('spec: {template: {spec: {containers: {a: b}}}}'), 4, /expected a list/],
  [
    'a label that is a number',
    'apiVersion: v1\nkind: Node\nmetadata:\n  name: a\n  labels:\n    a: 1\n',
    6,
    /labels.a/,
  ],
])('%s is a problem with its line', (_name, text, line, message) => {
  const { problems } = read(text);
  expect(problems[0]).toEqual({ line, text: expect.stringMatching(message) });
});

test.each([
  ['not UTF-8', Uint8Array.of(0x6b, 0xff, 0xfe), /expected UTF-8 text/],
  ['UTF-16', Uint8Array.of(0xff, 0xfe, 0x6b, 0x00), /expected UTF-8 text/],
  ['a NUL in the text', bytes('a: b\n\0'), /expected text, got a NUL character/],
])('a file that is %s is broken, not a crash', (_name, contents, message) => {
  expect(readText(contents).problems).toEqual([
    { line: expect.any(Number) as number, text: expect.stringMatching(message) },
  ]);
});

test('a problem in one document leaves the others of the file to be read', () => {
  const { objects, problems } = read(`${deployment}\n---\nkind: [\n---\n${JSON.stringify(aNode('n1'))}`);
  expect(objects.map(({ name, line }) => [name, line])).toEqual([
    ['Deployment shop/web', 1],
    ['Node n1', 5],
  ]);
  expect(problems).toHaveLength(1);
});

test('one malformed item of a list leaves the others', () => {
  const items = [{ ...aNode('n1'), metadata: {} }, aNode('n2')];
  const { objects, problems } = read(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  expect(objects.map(({ name }) => name)).toEqual(['Node n2']);
  expect(problems[0]?.text).toBe('items[0].metadata.name: expected text, got nothing');
});

test('our own kinds are read in any version, so that their status can tell the wrong one', () => {
  const { objects } = read(JSON.stringify({ ...aPrefetch('p'), apiVersion: 'kube-prefetch.io/v9' }));
  expect(objects[0]?.value).toMatchObject({
    problems: [expect.stringContaining('apiVersion: expected kube-prefetch.io/v1alpha1')],
  });
});

test('the problems of a file are bounded in number', () => {
  expect(read('a\n---\n'.repeat(1_000)).problems).toHaveLength(20);
});

test('no bytes make reading throw', () => {
  const words = [
    'apiVersion',
    'v1',
    'kind',
    'List',
    'Node',
    'items',
    'spec',
    ':',
    ' ',
    '\n',
    '\n  ',
    '- ',
    '&a',
    '*a',
    '[',
    ']',
  ];
  let parsed = 0;
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 3 }))), parts => {
      if (read(parts.join('')).problems.length === 0) parsed += 1;
    }),
    { numRuns: 2_000 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 50 }), contents => void readText(contents)));
  expect(parsed).toBeGreaterThan(0);
});

test('a broken reading holds nothing but the problem', () => {
  expect(broken('why', 3)).toEqual({ objects: [], problems: [{ line: 3, text: 'why' }], passedOver: [] });
});
