import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from '@kube-prefetch/lab/build';
import { readBlock } from '@kube-prefetch/lab/docs';
import { scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { helmPrograms, needDebianPackages } from '@kube-prefetch/lab/set-up';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Fleet, prepareFleet } from '../browser/start-fleet.ts';
import { SOON_MS } from '../patience.ts';

/** What is put into the settings of bash, and the program that kubectl asks. */
const SOURCE = readBlock('docs/cli.md', 'source <(kubectl-prefetch');
const COMPLETER = readBlock('docs/cli.md', '#!/bin/sh');

const scratch = scratchFolder('kp-completion');
const path = (name: string) => join(scratch.path, name);
let fleet: Fleet;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  await needDebianPackages(['bash-completion', 'fish', 'zsh']);
  const { kubectl } = await helmPrograms();
  const [cli, coordinator] = await Promise.all([bundle('cli', scratch.path), bundle('coordinator', scratch.path)]);
  fleet = await prepareFleet(path('fleet'), coordinator.file);
  fleet.nodes(['n1']);
  fleet.ask('base', ['a:1']);
  await fleet.start();
  mkdirSync(path('bin'));
  chmodSync(cli.file, 0o755);
  symlinkSync(cli.file, path('bin/kubectl-prefetch'));
  symlinkSync(kubectl, path('bin/kubectl'));
  symlinkSync(process.execPath, path('bin/node'));
  writeFileSync(path('bin/kubectl_complete-prefetch'), COMPLETER, { mode: 0o755 });
  writeFileSync(path('manifest.yaml'), '');
  const PATH = `${path('bin')}:${process.env.PATH}`;
  env = { ...process.env, PATH, KUBECTL_PREFETCH_SERVER: fleet.page, TERM: 'dumb', PS1: '> ' };
});
afterAll(async () => {
  await fleet?.stop();
  scratch.remove();
});

/** A shell on a terminal of its own, in the scratch folder. */
function startShell(command: string) {
  const child: ChildProcessWithoutNullStreams = spawn('script', ['-qfec', command, '/dev/null'], {
    env,
    cwd: scratch.path,
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (data: Buffer) => (said += data.toString()));
  return {
    /** What the line is completed to. */
    async completes(typed: string, completed: string) {
      said = '';
      child.stdin.write(`${typed}\t`);
      await waitUntil(() => said.includes(completed), `${typed} to become ${completed}, not ${said}`, SOON_MS);
      child.stdin.write('\u0015');
    },
    async runs(line: string) {
      said = '';
      child.stdin.write(`${line}; echo en""ded\n`);
      await waitUntil(() => said.includes('ended'), `${line} to end`, SOON_MS);
      return said;
    },
  };
}

test.each([
  ['bash', 'bash --norc --noprofile -i', 'source /usr/share/bash-completion/bash_completion'],
  ['zsh', 'zsh -f -i', 'autoload -U compinit; compinit -u -D'],
])(
  '%s completes commands, options, names and files, by the command itself and by kubectl',
  async (shell, command, begin) => {
    const { completes, runs } = startShell(command);
    await runs(begin);
    const source = SOURCE.trim().replace('bash', shell);
    // Twice, as by whoever reads their settings anew.
    for (const line of [source, source, `source <(kubectl completion ${shell})`])
      expect(await runs(line)).not.toContain('readonly variable');
    for (const program of ['kubectl-prefetch', 'kubectl prefetch']) {
      await completes(`${program} do`, `${program} doctor`);
      await completes(`${program} explain --nod`, `${program} explain --node`);
      await completes(`${program} status clu`, `${program} status clusterprefetch/base`);
      await completes(`${program} explain --node n`, `${program} explain --node n1`);
      await completes(`${program} plan -f man`, `${program} plan -f manifest.yaml`);
    }
  },
);

test('fish does as well', async () => {
  for (const program of ['kubectl-prefetch', 'kubectl prefetch']) {
    const [file] = program.split(' ');
    const completed = async (line: string) => {
      const script = `${file} completion fish | source; complete -C "${program} ${line}"`;
      const child = spawn('fish', ['--no-config', '-c', script], { env, cwd: scratch.path });
      let said = '';
      child.stdout.on('data', (data: Buffer) => (said += data.toString()));
      await new Promise(resolve => child.once('close', resolve));
      return said.trim().split('\t')[0];
    };
    expect(await completed('do')).toBe('doctor');
    expect(await completed('status clu')).toBe('clusterprefetch/base');
    expect(await completed('explain --node n')).toBe('n1');
    expect(await completed('plan -f man')).toBe('manifest.yaml');
  }
});
