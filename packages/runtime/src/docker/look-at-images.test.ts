import { expect, test } from 'vitest';
import { AnswerTooLong, type DockerEngine, EngineError } from './connect-engine.ts';
import { lookAtImages } from './look-at-images.ts';

const never = new AbortController().signal;

function engine(ask: (path: string, signal: AbortSignal) => Promise<unknown>): DockerEngine {
  return { get: (path, _query, signal) => ask(path, signal), stream: () => Promise.reject(new Error('not here')) };
}

test('every reference is answered once, in order, and a malformed one without being asked', async () => {
  const asked: string[] = [];
  const seen = await lookAtImages(
    engine(async path => {
      asked.push(path);
      if (path === '/images/absent:1/json') throw new EngineError(404, 'no such image');
      return { Id: 'sha256:1', Size: 7, RepoDigests: ['app@sha256:2', 'r.example:5000/app:1@sha256:3'] };
    }),
    ['app', 'absent:1', 'Not A Reference', 'app'],
    never,
  );
  expect([...seen]).toEqual([
    ['app', { present: true, id: 'sha256:1', sizeBytes: 7, digests: ['app@sha256:2', 'r.example:5000/app@sha256:3'] }],
    ['absent:1', { present: false }],
    ['Not A Reference', { present: false }],
  ]);
  expect(asked).toEqual(['/images/app:latest/json', '/images/absent:1/json']);
});

test('a failed question fails the whole look and stops the others', async () => {
  let running = 0;
  let most = 0;
  const looking = lookAtImages(
    engine(async (path, signal) => {
      running += 1;
      most = Math.max(most, running);
      if (path === '/images/app:5/json') throw new EngineError(500, 'database is locked');
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    }),
    Array.from({ length: 100 }, (_, n) => `app:${n}`),
    never,
  );
  await expect(looking).rejects.toThrow('database is locked');
  expect(most).toBe(8);
});

test('an image whose configuration is longer than anybody reads is present, and hides no other', async () => {
  const head = '{"Id":"sha256:1","RepoTags":["app:1"],"RepoDigests":["app@sha256:2"],"Config":{"Env":["xxx';
  const seen = await lookAtImages(
    engine(async path => {
      if (path === '/images/app:1/json') throw new AnswerTooLong(head);
      return { Id: 'sha256:3', Size: 7 };
    }),
    ['app:1', 'other:1'],
    never,
  );
  expect([...seen]).toEqual([
    ['app:1', { present: true, id: 'sha256:1', sizeBytes: 0, digests: ['app@sha256:2'] }],
    ['other:1', { present: true, id: 'sha256:3', sizeBytes: 7, digests: [] }],
  ]);
  const broken = engine(() => Promise.reject(new AnswerTooLong('<html>')));
  await expect(lookAtImages(broken, ['app:1'], never)).rejects.toThrow('expected an answer of at most');
});
