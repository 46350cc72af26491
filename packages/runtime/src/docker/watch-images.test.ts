import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { RuntimeUnavailable } from '../image-runtime.ts';
import type { DockerEngine } from './connect-engine.ts';
import { imageEvents } from './watch-images.ts';

const never = new AbortController().signal;

function watching(signal = never) {
  const body = new PassThrough();
  const engine: DockerEngine = { stream: async () => body, get: () => Promise.reject(new Error('not here')) };
  return { body, events: imageEvents(engine, '/run/docker.sock', signal) };
}

test('the subscription itself and every event say "look again"', async () => {
  const { body, events } = watching();
  expect((await events.next()).done).toBe(false);
  body.write('{"Type":"image","Action":"delete"}\n');
  expect((await events.next()).done).toBe(false);
});

test('a stream that ends or breaks is an outage', async () => {
  const ended = watching();
  await ended.events.next();
  ended.body.end();
  await expect(ended.events.next()).rejects.toThrow('/run/docker.sock: image events: the stream ended');

  const broken = watching();
  await broken.events.next();
  broken.body.destroy(new Error('aborted, Authorization: Basic dTpw'));
  const failure = await broken.events.next().catch((error: unknown) => error);
  expect(failure).toEqual(new RuntimeUnavailable('/run/docker.sock: image events: aborted, Authorization: ***'));
  expect(failure).not.toHaveProperty('cause');
});

test('whoever stops listening, even before the first event, ends the subscription', async () => {
  const { body, events } = watching();
  await events.next();
  await events.return(undefined);
  expect(body.destroyed).toBe(true);
});

test('an abort ends it without an error', async () => {
  const stop = new AbortController();
  const { body, events } = watching(stop.signal);
  await events.next();
  stop.abort();
  body.destroy(new Error('aborted'));
  expect((await events.next()).done).toBe(true);
});
