import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import { type TwinRuntime, createTwinRuntime } from '../../testing/twin/runtime.ts';
import { type Candidate, type DetectOptions, WELL_KNOWN, detectRuntime } from './detect-runtime.ts';

const CLOCK = createVirtualClock();
const HERE = async () => undefined;

function candidate(socket: string, runtime: TwinRuntime): Candidate {
  return { socket, speaks: 'CRI', connect: () => runtime };
}

function answering(): TwinRuntime {
  return createTwinRuntime({ clock: CLOCK, version: { name: 'containerd', version: '2.4.2' } });
}

function stopped(): TwinRuntime {
  const runtime = answering();
  runtime.stop();
  return runtime;
}

const failure = (options: Omit<DetectOptions, 'clock'>) =>
  detectRuntime({ clock: CLOCK, ...options }).then(
    () => 'found one',
    (error: Error) => `${error.name}: ${error.message}`,
  );

test('the first that answers is taken, and those before it are told with the reason', async () => {
  const first = answering();
  const found = await detectRuntime({
    clock: CLOCK,
    candidates: [
      candidate('/a', answering()),
      candidate('/b', stopped()),
      candidate('/c', first),
      candidate('/d', answering()),
    ],
    missing: async path => (path === '/a' ? 'is not there' : undefined),
  });
  expect(found).toEqual({
    runtime: first,
    version: { name: 'containerd', version: '2.4.2' },
    endpoint: '/c',
    passedOver: [
      { endpoint: '/a', because: 'is not there' },
      { endpoint: '/b', because: 'gives no answer to CRI: the twin of a runtime is stopped: start it' },
    ],
  });
});

test('one that hangs is passed over after a while', async () => {
  const clock = createVirtualClock();
  const hanging = createTwinRuntime({ clock });
  hanging.hang();
  const candidates = [candidate('/a', hanging), candidate('/b', answering())];
  const detecting = detectRuntime({ clock, candidates, missing: HERE });
  await clock.advance(10_000);
  expect((await detecting).passedOver).toEqual([
    { endpoint: '/a', because: 'gives no answer to CRI: the question for its version took longer than 5000 ms' },
  ]);
});

test('when nothing answers the error names everything that was tried, and what to do', async () => {
  const message = await failure({ missing: async () => 'is not there' });
  expect(message).toMatch(/^RuntimeUnavailable: no container runtime found: /);
  for (const { socket } of WELL_KNOWN) expect(message).toContain(`${socket} is not there`);
  expect(message).toContain('name its socket with --runtime-socket. Tried: ');
  expect(message.length).toBeLessThan(1_024);
});

test('well-known sockets are looked for below the host root', async () => {
  expect(await failure({ hostRoot: '/host', missing: async () => 'is not there' })).toContain(
    '/host/run/containerd/containerd.sock is not there',
  );
});

test('a socket that was named is the only one tried, as CRI and then as Docker Engine', async () => {
  const tried: string[] = [];
  const message = await failure({
    socket: 'unix:///no/such.sock',
    missing: async path => {
      tried.push(path);
      return 'is not there';
    },
  });
  expect(tried).toEqual(['/no/such.sock', '/no/such.sock']);
  expect(message).toContain('check --runtime-socket');
});

test('a file that is no socket, or none at all, is not asked', async () => {
  expect(await failure({ socket: import.meta.filename })).toContain('is not a socket');
  expect(await failure({ socket: '/no/such.sock' })).toContain('/no/such.sock is not there');
});

test('aborting ends the search with the reason', async () => {
  const hanging = answering();
  hanging.hang();
  const stop = new AbortController();
  const detecting = detectRuntime({
    clock: CLOCK,
    candidates: [candidate('/a', hanging)],
    missing: HERE,
    signal: stop.signal,
  });
  stop.abort(new Error('shutting down'));
  await expect(detecting).rejects.toThrow('shutting down');
});

test('beside an image service of its own only CRI is tried', async () => {
  const message = await failure({ imageSocket: '/run/images.sock', missing: async () => 'is not there' });
  expect(message).toContain('/run/crio/crio.sock is not there');
  expect(message).not.toContain('docker.sock');
});
