import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clusterPrograms } from '@kube-prefetch/lab/cluster';
import { runBlock } from '@kube-prefetch/lab/docs';
import { runProgram, scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { cacheFolder } from '@kube-prefetch/lab/set-up';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { leftoversOf } from './leftovers.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NAME = `test-${process.pid}`;

const cluster = (verb: string, ...args: readonly string[]) =>
  runProgram('npm', ['run', '--silent', 'cluster', '--', verb, '--name', NAME, ...args], { cwd: ROOT });

const scratch = scratchFolder('kp-command');
beforeAll(() => clusterPrograms('1.37')); // a first build takes longer than a test may
afterAll(() => scratch.remove());
afterEach(() => cluster('down'));

test('a cluster is left running by up, kept warm as docs/try-it.md has it, and ended by down', async () => {
  const command = { 'npm run cluster --': `npm run --silent cluster -- --name ${NAME}` };
  // The disk of the machine that runs the tests may be fuller than a node's should be.
  const moreDisk = { '--create-namespace': '--create-namespace --set disk.maxUsedPercent=99' };
  const instead = { ...command, ...moreDisk, '/tmp/images': scratch.path };
  const said = await runBlock('docs/try-it.md', 'npm run cluster -- up', { instead });
  expect(said).toContain(`npm run cluster -- --name ${NAME} exec -- kubectl get nodes`);
  expect(said).toContain('STATUS: deployed');
  const warm = await runBlock('docs/try-it.md', 'npm run cluster -- exec -- kubectl apply', { instead: command });
  expect(warm).toMatch(/condition met[^]*first[^]*\n10\.200\.0\.1:5000\/kube-prefetch\/coordinator:0\.1\.0\n/);
  expect(await cluster('exec', '1', '--', 'ip', 'route')).toContain('default via');
  await expect(cluster('up', '1')).rejects.toThrow('running already');
  const { left } = running();
  expect(left()).not.toEqual([]);
  expect(await cluster('down')).toBe('The cluster is stopped and removed.\n');
  expect(left()).toEqual([]);
  await expect(cluster('exec', '--', 'true')).rejects.toThrow('no such cluster is running');
});

test('killed, it leaves nothing behind either', async () => {
  await cluster('up', '1');
  const { owner, left } = running();
  expect(left()).not.toEqual([]);
  process.kill(owner, 'SIGKILL');
  await waitUntil(() => left().length === 0, 'everything it started to be gone', 120_000);
});

function running() {
  const state = JSON.parse(readFileSync(join(cacheFolder(), 'clusters', `${NAME}.json`), 'utf8'));
  const holders = [state.controlPlane, ...state.nodes.map(({ pid }: { pid: number }) => pid)];
  return { owner: state.owner as number, left: leftoversOf({ folder: state.folder, holders }) };
}
