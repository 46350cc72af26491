import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clusterPrograms } from '@kube-prefetch/lab/cluster';
import { runProgram, waitUntil } from '@kube-prefetch/lab/machine';
import { cacheFolder } from '@kube-prefetch/lab/set-up';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { leftoversOf } from './leftovers.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NAME = `test-${process.pid}`;

const cluster = (verb: string, ...args: readonly string[]) =>
  runProgram('npm', ['run', '--silent', 'cluster', '--', verb, '--name', NAME, ...args], { cwd: ROOT });

beforeAll(() => clusterPrograms('1.37')); // a first build takes longer than a test may
afterEach(() => cluster('down'));

test('a cluster is left running by up, used by exec, and ended by down', async () => {
  const said = await cluster('up', '1');
  expect(said).toContain(`npm run cluster -- --name ${NAME} exec -- kubectl get nodes`);
  expect(await cluster('exec', '--', 'kubectl', 'get', 'nodes', '--output=name')).toBe('node/node1\n');
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
