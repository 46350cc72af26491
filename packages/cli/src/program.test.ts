import { systemClock as clock } from '@kube-prefetch/time';
import { expect, test } from 'vitest';
import type { Terminal } from './print/terminal.ts';
import { createProgram } from './program.ts';

/** What it writes, when told this. */
async function run(...args: readonly string[]): Promise<{ said: string; error: string }> {
  let said = '';
  let error = '';
  const terminal = {
    out: (text: string) => (said += text),
    err: (text: string) => (error += text),
    live: false,
  } as unknown as Terminal;
  const names = {
    resources: [
      { word: 'clusterprefetch/base', says: '4/4 present' },
      { word: 'prefetch/web', says: '1/4 present' },
    ],
    nodes: [
      { word: 'n1', says: 'Reporting' },
      { word: 'n2', says: 'Silent' },
    ],
  };
  const program = createProgram({ terminal, clock, signal: new AbortController().signal }, names);
  try {
    await program.parseAsync(['node', 'kubectl-prefetch', ...args]);
  } catch (thrown) {
    error += (thrown as Error).message;
  }
  return { said, error };
}

test.each([
  ['help names every command', ['--help'], /status.*explain.*wait.*plan.*warm.*doctor.*ui.*completion/s],
  ['kubectl completes commands by it', ['complete', '--', 'st'], /^status\t.*\n:4\n$/],
  ['kubectl completes formats by it', ['complete', '--', 'explain', '-o', ''], /^json\nyaml\n:4\n$/],
  ['resources are completed', ['complete', '--', 'wait', 'pre'], /^prefetch\/web\t1\/4 present\n:4\n$/],
  ['nodes are completed', ['complete', '--', 'explain', '--node', ''], /^n1\tReporting\nn2\tSilent\n:4\n$/],
  ['files are left to the shell', ['complete', '--', 'plan', '-f', ''], /^:0\n$/],
  [
    'a command says how it is used',
    ['wait', '--help'],
    /^Usage: kubectl prefetch wait \[options\] <RESOURCE...>.*Where:.*Examples:/s,
  ],
  ['bash is told how to complete', ['completion', 'bash'], /complete -o default -F .*kubectl-prefetch/],
  ['zsh is told how to complete', ['completion', 'zsh'], /#compdef kubectl-prefetch/],
  ['fish is told how to complete', ['completion', 'fish'], /complete .*kubectl-prefetch/],
])('%s', async (_case, args, expected) => {
  expect((await run(...args)).said).toMatch(expected);
});

test.each([
  [['statsu'], /unknown command 'statsu'/],
  [['wait'], /missing required argument/],
  [['wait', 'web', '--for', '101%'], /Expected warm, or 1% to 100%/],
  [['wait', 'web', '--timeout', 'long'], /Expected a duration/],
  [['status', '-o', 'xml'], /Allowed choices are json, yaml, wide, name/],
  [['status', '--coordinator', 'x'], /Expected NAMESPACE\/LEASE/],
  [['status', '--server', 'https://x'], /Expected http:/],
  [
    ['status', 'deploy/web', '--server', 'http://127.0.0.1:1'],
    /expected a resource such as web, prefetch\/web or clusterprefetch\/base, got "deploy\/web"/,
  ],
])('%j is refused with what was expected', async (args, expected) => {
  expect((await run(...args)).error).toMatch(expected);
});
