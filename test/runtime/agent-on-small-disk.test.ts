import { createAgent, runAgent } from '@kube-prefetch/agent';
import { agentParts, createScriptedApi, planOf } from '@kube-prefetch/agent/testing';
import { systemClock as clock, systemRandom as random } from '@kube-prefetch/time';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { SOON_MS } from '../patience.ts';
import { startContainerdHarness } from './containerd-harness.ts';

const MIB = 1024 * 1024;
const CAPACITY_BYTES = 128 * MIB;

let harness: Awaited<ReturnType<typeof startContainerdHarness>>;
beforeAll(async () => {
  harness = await startContainerdHarness({ version: 'debian', capacityBytes: CAPACITY_BYTES });
});
afterAll(() => harness?.close());

function startAgent() {
  const api = createScriptedApi({ clock });
  const stop = new AbortController();
  const parts = { api, runtime: harness.runtime, clock, random, slowPullBytesPerSecond: 0 };
  const agent = createAgent(agentParts(parts));
  const ended = runAgent(agent, stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await ended;
  });
  return api;
}

test('a pull of unknown size that has no room is stopped long before the disk is full', async () => {
  const image = await harness.publish({ sizeBytes: 60 * MIB, bytesPerSecond: 5 * MIB });
  const api = startAgent();
  api.publish(planOf(image.reference));
  let mostUsed = 0;
  const cell = () => api.cells().get(image.reference);
  await expect
    .poll(
      async () => {
        const space = await harness.runtime.space(new AbortController().signal);
        if (space !== 'unknown') mostUsed = Math.max(mostUsed, space.usedBytes);
        return [cell()?.state, cell()?.waitingFor];
      },
      { timeout: SOON_MS, interval: 100 },
    )
    .toEqual(['Waiting', 'Disk']);
  console.log(`at most ${(mostUsed / MIB).toFixed(1)} MiB of ${CAPACITY_BYTES / MIB} were used`);
  expect(mostUsed).toBeLessThan(0.8 * CAPACITY_BYTES);
  expect(cell()?.failure).toBeUndefined();
});
