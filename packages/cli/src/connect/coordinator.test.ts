import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Duplex } from 'node:stream';
import { systemClock } from '@kube-prefetch/time';
import { expect, onTestFinished, test } from 'vitest';
import { type CoordinatorPath, createViews } from './coordinator.ts';

const { signal } = new AbortController();
const NOTHING = { epoch: 1, gaps: [], resources: [] };

/** A coordinator without resources, and how often it was connected to. */
async function start(open: (port: number, times: number) => Duplex) {
  const urls: (string | undefined)[] = [];
  const server = createServer(({ url }, response) => {
    urls.push(url);
    response.setHeader('content-type', 'application/json').end(JSON.stringify(NOTHING));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => server.close().closeAllConnections());
  let opened = 0;
  const path: CoordinatorPath = {
    describe: () => 'pod kp/a',
    tries: 1,
    open: async () => open((server.address() as AddressInfo).port, ++opened),
  };
  const following = createViews(path, systemClock, () => {}).follow({ namespace: 'shop', name: ['web', 'api', 'web'] });
  onTestFinished(() => following.close());
  return { following, urls, server, opened: () => opened };
}

const toPort = (port: number) => connect({ port, host: '127.0.0.1' });

test('looks share a connection, and have another one where that was closed meanwhile', async () => {
  const { following, urls, server, opened } = await start(toPort);
  expect(await following.look(signal)).toEqual(NOTHING);
  await following.look(signal);
  expect([opened(), urls[0]]).toEqual([1, '/v1/resources?namespace=shop&name=web&name=api']);
  server.closeAllConnections();
  await following.look(signal);
  expect([opened(), urls.length]).toEqual([2, 3]);
});

test('a connection that has failed before it carries a request is told of at once, and the next look has another one', async () => {
  const { following } = await start((port, times) => {
    if (times > 1) return toPort(port);
    const failed = new Duplex({ read() {}, write() {} });
    failed.on('error', () => {});
    return failed.destroy(new Error('connection refused'));
  });
  await expect(following.look(signal)).rejects.toThrow(
    'the coordinator (pod kp/a) does not answer: connection refused',
  );
  expect(await following.look(signal)).toEqual(NOTHING);
});
