import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import type { Progress } from '../image-runtime.ts';
import { type DockerEngine, EngineError } from './connect-engine.ts';
import { pullImage } from './pull-image.ts';
import { rememberCredentials } from '../used-credentials.ts';

const AUTH = { username: 'robot', password: 'hunter2' };
const never = new AbortController().signal;

/** An engine that has what it pulled, and answers a pull as told. */
function engine({ stream, has = { Os: 'linux' } }: { stream: DockerEngine['stream']; has?: object }): DockerEngine {
  return {
    stream,
    async get() {
      if (has === NOTHING) throw new EngineError(404, 'No such image');
      return { Id: 'sha256:1', Size: 1, RepoDigests: null, ...has };
    },
  };
}
const NOTHING = {};

const saying =
  (...messages: readonly object[]): DockerEngine['stream'] =>
  async () =>
    Readable.from(messages.map(message => Buffer.from(`${JSON.stringify(message)}\n`)));

const outcome = (engine: DockerEngine, image = 'app:1', signal = never) =>
  pullImage({ engine, used: rememberCredentials() }, image, AUTH, () => {}, signal).catch((error: unknown) => error);

test('a pull asks for the exact reference with name and password, tells its progress and counts its bytes', async () => {
  const asked: unknown[] = [];
  const told: Progress[] = [];
  const stream: DockerEngine['stream'] = (request, signal) => {
    asked.push(request);
    return saying(
      { status: 'Pulling fs layer', progressDetail: {}, id: 'a' },
      { status: 'Downloading', progressDetail: { current: 3, total: 9 }, id: 'a' },
      { status: 'Pull complete', progressDetail: {}, id: 'a' },
      { status: 'Status: Downloaded newer image for app:1' },
    )(request, signal);
  };
  const pulled = await pullImage(
    { engine: engine({ stream }), used: rememberCredentials() },
    'app:1',
    AUTH,
    progress => told.push(progress),
    never,
  );
  expect(await pulled.countBytes(new AbortController().signal)).toBe(9);
  expect(asked).toEqual([{ method: 'POST', path: '/images/create', query: { fromImage: 'app:1' }, auth: AUTH }]);
  expect(told.map(({ phase, doneBytes }) => `${phase} ${doneBytes}`)).toEqual([
    'resolving 0',
    'downloading 0',
    'downloading 3',
    'unpacking 9',
    'unpacking 9',
  ]);
});

test.each<[name: string, stream: DockerEngine['stream'], kind: string, message: string]>([
  [
    'says so after it has begun',
    saying({ status: 'Pulling from app' }, { error: 'denied', errorDetail: { message: 'denied: for hunter2' } }),
    'Unauthorized',
    'denied: for ***',
  ],
  ['says so in the short form', saying({ error: 'manifest unknown' }), 'NotFound', 'manifest unknown'],
  [
    'answers with a status',
    () => Promise.reject(new EngineError(500, 'toomanyrequests: slow down')),
    'RateLimited',
    'toomanyrequests: slow down',
  ],
  [
    'answers with the status of a refusal and the words of the registry',
    () => Promise.reject(new EngineError(403, 'error from registry: Your token for hunter2 was not found')),
    'Unauthorized',
    'error from registry: Your token for *** was not found',
  ],
  [
    'goes away',
    () => Promise.reject(new Error('connect ECONNREFUSED /run/docker.sock')),
    'RuntimeUnavailable',
    'connect ECONNREFUSED /run/docker.sock',
  ],
  [
    'goes away in the middle',
    async () =>
      Readable.from(
        (async function* () {
          yield Buffer.from('{"status":"Pulling from app"}\n');
          throw new Error('aborted');
        })(),
      ),
    'RuntimeUnavailable',
    'aborted',
  ],
])('a pull fails when the engine %s', async (_name, stream, kind, message) => {
  const failure = await outcome(engine({ stream }));
  expect(failure).toMatchObject({ name: 'PullFailure', kind, message });
  expect(inspect(failure, { depth: 10 })).not.toContain('hunter2');
});

test.each([
  ['the engine does not have it', NOTHING, 'Unknown', 'the engine says it has pulled app:1, but does not have it'],
  [
    'what the engine has is an artifact',
    { Os: '' },
    'NotAnImage',
    'the engine has pulled app:1, but no container can be made of it',
  ],
])('a stream that ends well has failed where %s', async (_, has, kind, message) => {
  const stream = saying({ status: 'Status: Image is up to date' });
  expect(await outcome(engine({ stream, has }))).toMatchObject({ kind, message });
});

test('a malformed reference never reaches the engine', async () => {
  const stream: DockerEngine['stream'] = () => Promise.reject(new Error('was asked'));
  expect(await outcome(engine({ stream }), '../containers/json?all=1')).toMatchObject({ kind: 'InvalidReference' });
});

test('whatever ends a pull that we have cancelled, it is Cancelled', async () => {
  const cancel = new AbortController();
  const stream: DockerEngine['stream'] = () => {
    cancel.abort();
    return Promise.reject(new EngineError(500, 'manifest unknown'));
  };
  expect(await outcome(engine({ stream }), 'app:1', cancel.signal)).toMatchObject({ kind: 'Cancelled' });
});
