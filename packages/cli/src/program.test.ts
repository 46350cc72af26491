import { systemClock as clock } from '@kube-prefetch/time';
import { expect, test, vi } from 'vitest';
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
  const log = vi.spyOn(console, 'log').mockImplementation((...texts: unknown[]) => {
    said += `${texts.join(' ')}\n`;
  });
  const names = { resources: ['clusterprefetch/base', 'prefetch/web'], nodes: ['n1', 'n2'] };
  const program = createProgram({ terminal, clock, signal: new AbortController().signal }, names);
  try {
    for (const command of [program, ...program.commands]) command.exitOverride();
    await program.parseAsync(['node', 'kubectl-prefetch', ...args]);
  } catch (thrown) {
    error += (thrown as Error).message;
  } finally {
    log.mockRestore();
  }
  return { said, error };
}

test.each([
  ['help names every command', ['--help'], /status.*explain.*wait.*plan.*warm.*doctor.*ui.*completion/s],
  ['kubectl completes commands by it', ['complete', '--', 'st'], /^status\t.*\n:4\n$/],
  ['kubectl completes formats by it', ['complete', '--', 'explain', '-o', ''], /^json\t?\nyaml\t?\n:4\n$/],
  ['resources are completed', ['complete', '--', 'wait', 'pre'], /^prefetch\/web\t?\n:4\n$/],
  ['nodes are completed', ['complete', '--', 'explain', '--node', ''], /^n1\t?\nn2\t?\n:4\n$/],
  ['bash is told how to complete', ['completion', 'bash'], /complete .*kubectl-prefetch/],
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
