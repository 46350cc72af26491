import { expect, test } from 'vitest';
import { ConfigProblems, readConfig } from './read-config.ts';
import type { Settings } from './setting.ts';

const ROWS = {
  node: { type: 'string', flag: 'node', env: 'KP_NODE', maxLength: 20, meaning: 'the name of this node' },
  pulls: { type: 'integer', flag: 'pulls', env: 'KP_PULLS', min: 1, max: 32, default: 2, meaning: 'pulls at once' },
  ttlMs: { type: 'duration', flag: 'ttl', env: 'KP_TTL', min: '1s', max: '1h', default: '30s', meaning: 'lease' },
  listen: { type: 'address', flag: 'listen', env: 'KP_LISTEN', default: '127.0.0.1:0', meaning: 'where to listen' },
  state: { type: 'folder', flag: 'state', env: 'KP_STATE', default: '/var/lib/x', meaning: 'where state is kept' },
  socket: { type: 'file', flag: 'socket', env: 'KP_SOCKET', optional: true, meaning: 'detected unless given' },
  level: {
    type: 'choice',
    flag: 'level',
    env: 'KP_LEVEL',
    choices: ['info', 'debug'],
    default: 'info',
    meaning: 'log',
  },
  taints: {
    type: 'list',
    flag: 'taints',
    env: 'KP_TAINTS',
    maxLength: 20,
    items: 'keys of taints',
    isItem: text => /^[a-z]+$/.test(text),
    optional: true,
    meaning: 'taints that pass',
  },
  once: { type: 'boolean', flag: 'once', env: 'KP_ONCE', default: false, meaning: 'one cycle, then exit' },
} as const satisfies Settings;

const program = { name: 'agent', version: '1.2.3', purpose: 'keeps one node warm' };
const read = (argv: readonly string[], env: Record<string, string | undefined> = {}) =>
  readConfig(ROWS, { program, argv, env });

function problemsOf(argv: readonly string[], env: Record<string, string | undefined> = {}): readonly string[] {
  try {
    read(argv, env);
    return [];
  } catch (error) {
    if (error instanceof ConfigProblems) return error.problems;
    throw error;
  }
}

test('what is not given comes from the defaults, parsed as if it had been', () => {
  expect(read(['--node', 'n1'])).toEqual({
    node: 'n1',
    pulls: 2,
    ttlMs: 30_000,
    listen: { host: '127.0.0.1', port: 0 },
    state: '/var/lib/x',
    socket: undefined,
    level: 'info',
    taints: undefined,
    once: false,
  });
});

test('the types of the values follow from the rows', () => {
  const config = read(['--node', 'n1']);
  if ('help' in config) throw new Error('no help was asked for');
  const level: 'info' | 'debug' = config.level;
  const socket: string | undefined = config.socket;
  const host: string | undefined = config.listen.host;
  expect([level, socket, host, config.pulls + config.ttlMs]).toEqual(['info', undefined, '127.0.0.1', 30_002]);
});

test.each([
  { argv: ['--node', 'flag'], env: { KP_NODE: 'env' }, node: 'flag' },
  { argv: [], env: { KP_NODE: 'env' }, node: 'env' },
  { argv: ['--node', 'one', '--node=two'], env: {}, node: 'two' },
  { argv: ['--node=-dashed'], env: {}, node: '-dashed' },
])('flags win over the environment and later flags over earlier ones: $argv $env', ({ argv, env, node }) => {
  expect(read(argv, env)).toMatchObject({ node });
});

test.each([
  ['--pulls', '32', { pulls: 32 }],
  ['--ttl', '1500ms', { ttlMs: 1_500 }],
  ['--ttl', '5m', { ttlMs: 300_000 }],
  ['--listen', ':7070', { listen: { host: undefined, port: 7070 } }],
  ['--listen', '[::1]:7070', { listen: { host: '::1', port: 7070 } }],
  ['--listen', '[10.0.0.1]:7070', { listen: { host: '10.0.0.1', port: 7070 } }],
  ['--listen', 'localhost:65535', { listen: { host: 'localhost', port: 65_535 } }],
  ['--state', '/a/../b', { state: '/b' }],
  ['--level', 'debug', { level: 'debug' }],
  ['--taints', 'a, b', { taints: ['a', 'b'] }],
  ['--once', '--node=n', { once: true }],
  ['--no-once', '--node=n', { once: false }],
])('%s %s is read', (flag, value, expected) => {
  expect(read(['--node', 'n', flag, value])).toMatchObject(expected);
});

test.each([
  [['--pulls', '0'], '--pulls: expected an integer from 1 to 32, got "0" from --pulls'],
  [['--pulls', '1.5'], '--pulls: expected an integer from 1 to 32, got "1.5" from --pulls'],
  [['--ttl', '30'], '--ttl: expected a duration from 1s to 1h, such as 500ms, 30s, 5m or 1h, got "30" from --ttl'],
  [['--ttl', '2h'], '--ttl: expected a duration from 1s to 1h, such as 500ms, 30s, 5m or 1h, got "2h" from --ttl'],
  [['--listen', '7070'], '--listen: expected an address such as 127.0.0.1:7070, [::1]:7070 or :7070, got "7070" from'],
  [['--listen', 'h:70000'], 'got "h:70000" from --listen'],
  [['--listen', '::1:80'], 'got "::1:80" from --listen'],
  [['--level', 'trace'], '--level: expected one of info, debug, got "trace" from --level'],
  [['--taints', 'a,B'], '--taints: expected keys of taints, separated by commas, got "a,B" from --taints'],
  [['--taints', 'a,,b'], '--taints: expected keys of taints, separated by commas, got "a,,b" from --taints'],
  [['--once=maybe'], '--once: expected true or false, got "maybe" from --once'],
  [['--state', 'a\0b'], '--state: expected the path of a folder'],
  [['--lsten', ':1'], '--lsten: no such flag; see --help'],
  [['-n'], '-n: no such flag; see --help'],
  [['--no-pulls'], '--no-pulls: no such flag; see --help'],
  [['stray'], '"stray": expected flags only; see --help'],
  [['--pulls'], '--pulls: expected a value; one that starts with a dash is written --pulls=-x'],
  [['--pulls', '--once'], '--pulls: expected a value; one that starts with a dash is written --pulls=-x'],
  [['--node', 'n'.repeat(21)], '--node: expected text of 1 to 20 characters'],
])('%j is a problem that says what was expected', (argv, expected) => {
  const problems = problemsOf([...argv], { KP_NODE: 'n1' });
  expect(problems.join('\n')).toContain(expected);
});

test('all problems are told at once, the environment named where it is to blame', () => {
  expect(problemsOf(['--pulls=many', '--what'], { KP_TTL: 'soon', KP_NODE: '' })).toEqual([
    '--what: no such flag; see --help',
    '--node: expected text of 1 to 20 characters, got nothing; give the flag or set KP_NODE',
    '--pulls: expected an integer from 1 to 32, got "many" from --pulls',
    '--ttl: expected a duration from 1s to 1h, such as 500ms, 30s, 5m or 1h, got "soon" from KP_TTL',
  ]);
});

test('a huge value is shown in part', () => {
  const [problem] = problemsOf(['--node', 'n', '--pulls', '9'.repeat(10_000)]);
  expect(problem?.length).toBeLessThan(200);
});

test('help lists every flag with its environment name and default, also where other flags are wrong', () => {
  const answer = read(['--help', '--pulls=x']);
  expect(answer).toEqual({
    help: [
      'agent: keeps one node warm',
      '',
      'flag                environment  default      meaning',
      '--node TEXT         KP_NODE      required     the name of this node',
      '--pulls 1..32       KP_PULLS     2            pulls at once',
      '--ttl DURATION      KP_TTL       30s          lease',
      '--listen HOST:PORT  KP_LISTEN    127.0.0.1:0  where to listen',
      '--state DIR         KP_STATE     /var/lib/x   where state is kept',
      '--socket PATH       KP_SOCKET                 detected unless given',
      '--level info|debug  KP_LEVEL     info         log',
      '--taints A,B,…      KP_TAINTS                 taints that pass',
      '--once              KP_ONCE      false        one cycle, then exit',
      '--help                                        print this and exit',
      '--version                                     print the version and exit',
      '',
    ].join('\n'),
  });
});

test('--version answers with name and version', () => {
  expect(read(['--version'])).toEqual({ help: 'agent 1.2.3\n' });
});

const MODES = {
  mode: { type: 'choice', flag: 'mode', env: 'KP_MODE', choices: ['a', 'b'], default: 'a', meaning: 'how' },
  forA: { type: 'folder', flag: 'for-a', env: 'KP_FOR_A', where: { mode: 'a' }, meaning: 'only for a' },
  forB: { type: 'string', flag: 'for-b', env: 'KP_FOR_B', maxLength: 9, where: { mode: 'b' }, meaning: 'only for b' },
} as const satisfies Settings;

test.each([
  [[], '--for-a: expected the path of a folder, got nothing; where mode is a, give the flag or set KP_FOR_A'],
  [
    ['--mode=b'],
    '--for-b: expected text of 1 to 9 characters, got nothing; where mode is b, give the flag or set KP_FOR_B',
  ],
])('a setting that goes with another one is missed only with that: %j', (argv, problem) => {
  expect(() => readConfig(MODES, { program, argv, env: {} })).toThrow(new ConfigProblems([problem]));
  expect(readConfig(MODES, { program, argv: [...argv, '--for-a=/x', '--for-b=y'], env: {} })).toMatchObject({
    forB: 'y',
  });
});

test('help says where a setting must be given', () => {
  const { help } = readConfig(MODES, { program, argv: ['--help'], env: {} }) as { help: string };
  expect(help).toMatch(/--for-b TEXT +KP_FOR_B +required where mode is b +only for b/);
});
