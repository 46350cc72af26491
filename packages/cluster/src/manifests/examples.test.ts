import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { collectAsks } from '@kube-prefetch/core';
import { expect, test } from 'vitest';
import { combineFiles } from './combine-files.ts';
import { readText } from './read-text.ts';
import { walkFolder } from './walk-folder.ts';

async function readExample(name: string) {
  const { files } = await walkFolder(fileURLToPath(new URL(`../../../../examples/${name}`, import.meta.url)), () => {});
  const read = files.map(async ({ path }) => ({ path, ...readText(await readFile(path)) }));
  return combineFiles(await Promise.all(read), undefined, []);
}

test.each([
  [
    'demo',
    ['node-1', 'node-2', 'node-3'],
    ['REGISTRY/base/tools', 'REGISTRY/shop/api:2.1', 'REGISTRY/shop/missing:9', 'REGISTRY/shop/web:1.0'],
  ],
  ['cluster', [], ['registry.k8s.io/pause:3.10']],
  ['argocd/pre-sync', [], ['registry.example/shop/web:1.28', 'registry.example/shop/worker:1.28']],
  ['single-host', ['this-host'], ['debian:12-slim', 'docker.io/library/postgres:17', 'node:24-slim']],
])('the example %s is read without a problem and asks for its images', async (name, nodes, images) => {
  const state = await readExample(name);
  expect(state.gaps).toEqual([]);
  expect(state.nodes.map(node => node.name)).toEqual(nodes);
  const asked = collectAsks(state).asks.map(({ image }) => image);
  expect([...new Set(asked)].sort()).toEqual(images);
});
