import { simulateNode } from '@kube-prefetch/agent/testing';
import { afterAll, expect, test } from 'vitest';

const hits = new Map<string, number>();
afterAll(() => console.log('how often each thing happened:', Object.fromEntries(hits)));

test('whatever happens to a node, its images are pulled one at a time each and present in the end', async () => {
  await simulateNode({ numRuns: 100, hits });
  expect(hits.size).toBeGreaterThan(10);
});
