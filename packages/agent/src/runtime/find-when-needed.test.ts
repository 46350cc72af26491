import { type ImageRuntime, RuntimeUnavailable } from '@kube-prefetch/runtime';
import { createTwinRuntime } from '@kube-prefetch/runtime/twin';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import { findWhenNeeded } from './find-when-needed.ts';

const NEVER = new AbortController().signal;
const lookAtAll = (runtime: ImageRuntime) => Promise.all([runtime.look(['nginx'], NEVER), runtime.space(NEVER)]);
const absent = new RuntimeUnavailable(
  'no container runtime answers. Tried: /run/containerd/containerd.sock: no such file',
);

/** Finds a runtime once `here` says so; counts how often it was looked for. */
function lateBench() {
  const here: { runtime?: ImageRuntime } = {};
  const bench = { here, searches: 0 };
  const find = async () => {
    bench.searches += 1;
    await Promise.resolve();
    if (here.runtime === undefined) throw absent;
    return here.runtime;
  };
  return { bench, runtime: findWhenNeeded(find) };
}

test('questions that are asked together hear where a runtime was looked for, after one search', async () => {
  const { bench, runtime } = lateBench();
  await expect(lookAtAll(runtime)).rejects.toBe(absent);
  expect(bench.searches).toBe(1);
  expect(runtime.changes(NEVER)).toBe('unsupported');
});

test('it is looked for again in the next cycle, and no more once it was found', async () => {
  const { bench, runtime } = lateBench();
  await expect(lookAtAll(runtime)).rejects.toBe(absent);
  bench.here.runtime = createTwinRuntime({ clock: createVirtualClock() });
  for (let cycle = 0; cycle < 3; cycle++) {
    const [seen] = await lookAtAll(runtime);
    expect(seen.get('nginx')).toEqual({ present: false });
  }
  expect(bench.searches).toBe(2);
  expect(runtime.changes(NEVER)).not.toBe('unsupported');
});
