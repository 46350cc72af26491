import { createDockerRuntime, detectRuntime, PullFailure } from '@kube-prefetch/runtime';
import { fullDiskSuite, imageRuntimeSuite } from '@kube-prefetch/runtime/testing';
import { systemClock } from '@kube-prefetch/time';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askEngine } from './ask-engine.ts';
import { type DockerHarness, startDockerHarness } from './docker-harness.ts';

const NAME = 'Docker Engine of Debian';
const CAPACITY_BYTES = 64 * 1024 * 1024;

imageRuntimeSuite(NAME, startDockerHarness, {
  pullsShortNames: true,
  tellsProgress: true,
  countsBytes: true,
  tellsChanges: true,
  differences: {
    'a registry that never answers': { outcome: 'hangs', because: 'it waits for an answer for ever' },
    'a layer that stops coming': { outcome: 'hangs', because: 'it waits for the next byte for ever' },
  },
});

fullDiskSuite(NAME, CAPACITY_BYTES, () => startDockerHarness(CAPACITY_BYTES));

describe(`${NAME}, by its API`, () => {
  const never = new AbortController().signal;
  let harness: DockerHarness;
  beforeAll(async () => {
    harness = await startDockerHarness();
  });
  afterAll(() => harness?.close());

  test.each([
    ['after the answer was 200', 'another platform', 200, 'NoPlatform'],
    ['with a status', 'web page', 500, 'RegistryUnavailable'],
  ] as const)('a pull that the engine fails %s has failed', async (_, form, status, kind) => {
    const { reference } = await harness.publish({ form });
    const path = `/images/create?fromImage=${encodeURIComponent(reference)}`;
    expect(await askEngine(harness.socket, 'POST', path)).toBe(status);
    const failure = await harness.runtime.pull(reference, undefined, () => {}, never).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(PullFailure);
    expect(failure).toMatchObject({ kind });
  });

  test('a name without a tag is one image, neither all tags of the repository nor the start of an ID', async () => {
    const { name, reference } = await harness.publish({});
    await harness.runtime.pull(name, undefined, () => {}, never);
    const seen = await harness.runtime.look([name, reference], never);
    expect(seen.get(reference)).toEqual({ present: false });
    const found = seen.get(name);
    if (!found?.present) throw new Error(`expected ${name} to be present`);
    const startOfId = found.id.replace('sha256:', '').slice(0, 12);
    expect(await askEngine(harness.socket, 'GET', `/images/${startOfId}/json`)).toBe(200);
    expect((await harness.runtime.look([startOfId], never)).get(startOfId)).toEqual({ present: false });
  });

  test('$DOCKER_HOST leads nowhere else', async () => {
    process.env.DOCKER_HOST = 'tcp://127.0.0.1:1';
    try {
      const runtime = createDockerRuntime({ socket: harness.socket, clock: systemClock });
      expect((await runtime.version(never)).name).toBe('docker');
    } finally {
      delete process.env.DOCKER_HOST;
    }
  });

  test('a named socket is found to be a Docker Engine by asking', async () => {
    const { version, endpoint, passedOver } = await detectRuntime({ socket: harness.socket, clock: systemClock });
    expect(version).toEqual(await harness.runtime.version(never));
    expect(endpoint).toBe(harness.socket);
    expect(passedOver).toHaveLength(1);
    expect(passedOver[0]?.because).toContain('gives no answer to CRI');
  });
});
