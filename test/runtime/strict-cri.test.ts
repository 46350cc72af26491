import { connect, constants } from 'node:http2';
import { connect as connectTo } from 'node:net';
import { createCriRuntime, detectRuntime } from '@kube-prefetch/runtime';
import { imageRuntimeSuite, type RuntimeHarness } from '@kube-prefetch/runtime/testing';
import { systemClock } from '@kube-prefetch/time';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scratchFolder } from '../../packages/lab/src/machine/index.ts';
import { startStrictCri } from '../../packages/lab/src/runtimes/index.ts';
import { startContainerdHarness } from './containerd-harness.ts';
import { ANSWER_TIMEOUT_MS, suspend } from './suspend.ts';

/** What a containerd behind a server as strict as CRI-O's does; it fails, hangs and ends as that server does. */
async function startStrictHarness(): Promise<RuntimeHarness & { readonly socket: string }> {
  const folder = scratchFolder('kp-strict');
  const containerd = await startContainerdHarness({ version: '2.4', progressTimeoutSeconds: 10 });
  const server = await startStrictCri(folder.path, containerd.socket);
  return {
    ...containerd,
    socket: server.socket,
    runtime: createCriRuntime({ socket: server.socket, clock: systemClock, answerTimeoutMs: ANSWER_TIMEOUT_MS }),
    stop: () => server.stop(),
    crash: () => server.kill(),
    start: () => server.start(),
    hang: () => suspend(server.pid()),
    async resume() {
      process.kill(server.pid(), 'SIGCONT');
    },
    async close() {
      await server.kill();
      await containerd.close();
      folder.remove();
    },
  };
}

imageRuntimeSuite("a server as strict as CRI-O's", startStrictHarness, {
  pullsShortNames: true,
  differences: {
    'something that is not an image': { outcome: 'pulled', because: 'the containerd behind it takes artifacts' },
  },
});

let harness: RuntimeHarness & { readonly socket: string };
beforeAll(async () => {
  harness = await startStrictHarness();
});
afterAll(() => harness?.close());

test('it is found by its socket, and known by the name that a kubelet tells of it', async () => {
  const { version, passedOver } = await detectRuntime({ socket: harness.socket, clock: systemClock });
  expect([version, passedOver]).toEqual([{ name: 'cri-o', version: '1.37.0' }, []]);
});

test('it refuses what is not strict enough: the content type that names protobuf', async () => {
  const session = connect('http://localhost', { createConnection: () => connectTo(harness.socket) });
  const ended = new Promise(resolve => session.once('close', resolve).once('error', resolve));
  const stream = session.request({
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: '/runtime.v1.RuntimeService/Version',
    'content-type': 'application/grpc+proto',
    te: 'trailers',
  });
  const answer = new Promise(resolve =>
    stream.once('response', () => resolve('an answer')).once('error', () => resolve('none')),
  );
  stream.end(Buffer.alloc(5));
  expect(await Promise.race([answer, ended.then(() => 'none')])).toBe('none');
  session.destroy();
});
