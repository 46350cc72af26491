import { EventEmitter, once } from 'node:events';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import type { Log } from './log.ts';
import { runUntilSignalled } from './run-until-signalled.ts';

function start(main: (signal: AbortSignal) => Promise<void>) {
  const clock = createVirtualClock();
  const emitter = new EventEmitter();
  const messages: string[] = [];
  const exits: number[] = [];
  const note = (_fields: unknown, message: string) => void messages.push(message);
  const host = Object.assign(emitter, { exit: (code: number) => void exits.push(code) });
  const done = runUntilSignalled(main, {
    log: { debug: note, info: note, warn: note, error: note } as unknown as Log,
    graceMs: 1_000,
    clock,
    host: host as unknown as NodeJS.Process,
  });
  return { clock, emitter, messages, exits, done };
}

const untilAborted = async (signal: AbortSignal) => {
  await once(signal, 'abort');
};

test.each(['SIGTERM', 'SIGINT'])('%s aborts the signal and the process ends well once main has', async name => {
  const { clock, emitter, messages, exits, done } = start(untilAborted);
  emitter.emit(name, name);
  await done;
  await clock.advance(0);
  expect({ messages, exits, sleepers: clock.sleepers() }).toEqual({
    messages: ['stopping', 'stopped'],
    exits: [0],
    sleepers: 0,
  });
});

test.each([
  ['with the reason itself', (signal: AbortSignal) => signal.reason as Error],
  ['with an AbortError of Node', (signal: AbortSignal) => new Error('aborted', { cause: signal.reason })],
])('a main that rejects %s has stopped, not failed', async (_how, errorOf) => {
  const { emitter, exits, done } = start(async signal => {
    await untilAborted(signal);
    throw errorOf(signal);
  });
  emitter.emit('SIGTERM', 'SIGTERM');
  await done;
  expect(exits).toEqual([0]);
});

test('a main that fails is logged once and exits with 1', async () => {
  const { messages, exits, done } = start(() => Promise.reject(new Error('port in use')));
  await done;
  expect({ messages, exits }).toEqual({ messages: ['unhandled error'], exits: [1] });
});

test('a main that fails while it stops is a failure', async () => {
  const { emitter, exits, done } = start(async signal => {
    await untilAborted(signal);
    throw new Error('could not save');
  });
  emitter.emit('SIGTERM', 'SIGTERM');
  await done;
  expect(exits).toEqual([1]);
});

test.each(['uncaughtException', 'unhandledRejection'])('an %s is logged once and exits with 1', name => {
  const { emitter, messages, exits } = start(untilAborted);
  emitter.emit(name, new Error('nobody awaited this'));
  expect({ messages, exits }).toEqual({ messages: ['unhandled error'], exits: [1] });
});

test('a second signal ends a process that does not stop', () => {
  const { emitter, exits } = start(() => new Promise(() => {}));
  emitter.emit('SIGINT', 'SIGINT');
  expect(exits).toEqual([]);
  emitter.emit('SIGINT', 'SIGINT');
  expect(exits).toEqual([1]);
});

test('a process that does not stop within the grace period is ended', async () => {
  const { clock, emitter, messages, exits } = start(() => new Promise(() => {}));
  emitter.emit('SIGTERM', 'SIGTERM');
  await clock.advance(999);
  expect(exits).toEqual([]);
  await clock.advance(1);
  expect({ messages, exits }).toEqual({ messages: ['stopping', 'not stopped within the grace period'], exits: [1] });
});
