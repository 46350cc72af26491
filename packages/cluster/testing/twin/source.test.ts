import type { ClusterState } from '@kube-prefetch/core';
import { clusterSourceSuite, type PlainObject } from '../index.ts';
import { combineFiles } from '../../src/manifests/combine-files.ts';
import { readText } from '../../src/manifests/read-text.ts';
import { createTwinSource } from './source.ts';

clusterSourceSuite('the twin of a source', async () => {
  const source = createTwinSource();
  let state: ClusterState | undefined;
  const show = (next: ClusterState) => {
    state = next;
    source.set(next);
  };
  return {
    source,
    async hold(objects) {
      show(combineFiles([{ path: 'twin', objects: readText(asBytes(objects)).objects, problems: [] }], state, []));
    },
    async setFailing(failing) {
      if (state !== undefined) show({ ...state, gaps: failing ? ['the twin cannot be read'] : [] });
    },
    async until(condition) {
      for (let turn = 0; turn < 100 && !condition(); turn += 1) await Promise.resolve();
      if (!condition()) throw new Error('this never happened');
    },
    async close() {},
  };
});

function asBytes(objects: readonly PlainObject[]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
}
