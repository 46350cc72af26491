import { expect, test } from 'vitest';
import { reasonOf } from './reason-of.ts';

test.each([
  ['its message', new Error('connection refused'), 'connection refused'],
  [
    'its code where several attempts failed',
    Object.assign(new AggregateError([new Error('a'), new Error('b')]), { code: 'ECONNREFUSED' }),
    'ECONNREFUSED',
  ],
  ['its name where it says nothing else', new TypeError(), 'TypeError'],
  ['itself where it is no error', 'stopped', 'stopped'],
])('the reason of an error is %s', (_what, error, reason) => {
  expect(reasonOf(error)).toBe(reason);
});
