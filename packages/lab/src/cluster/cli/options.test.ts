import { expect, test } from 'vitest';
import { readInvocation } from './options.ts';

test.each([
  [['up'], { verb: 'up', nodes: 2, kubernetes: '1.37', containerd: ['debian'] }],
  [
    ['up', '3', '--containerd', 'debian,2.4', '--kubernetes', '1.34'],
    { verb: 'up', nodes: 3, kubernetes: '1.34', containerd: ['debian', '2.4'] },
  ],
  [
    ['exec', '--', 'kubectl', 'get', 'nodes', '-o', 'wide'],
    { verb: 'exec', line: ['kubectl', 'get', 'nodes', '-o', 'wide'] },
  ],
  [['exec', '2', '--', 'ip', '--', 'addr'], { verb: 'exec', node: 2, line: ['ip', '--', 'addr'] }],
  [['push', 'dist/images/agent', 'agent'], { verb: 'push', layout: 'dist/images/agent', image: 'agent:latest' }],
  [[], { verb: 'help' }],
])('%j is understood', (args, command) => {
  expect(readInvocation(args)).toEqual({ cluster: 'usual', command });
});

test('a name stands for another cluster', () => {
  expect(readInvocation(['down', '--name', 'mine'])).toEqual({ cluster: 'mine', command: { verb: 'down' } });
});

test.each([
  [['down', '--name', '../etc'], '--name: expected a-z, 0-9 and -, got ../etc'],
  [['up', 'many'], 'expected a number from 1 to 9, got many'],
  [['up', '--containerd', '1.7'], '--containerd: expected debian or 2.4, got 1.7'],
  [['exec', '1'], 'expected a command after --'],
  [['sideways'], 'no command sideways'],
])('%j is refused', (args, message) => {
  expect(() => readInvocation(args)).toThrow(message);
});
