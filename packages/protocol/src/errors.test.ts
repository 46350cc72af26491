import { expect, test } from 'vitest';
import { errorText } from './errors.ts';

test.each([
  ['its message', new Error('connection refused'), 'connection refused'],
  [
    'its code where several attempts failed',
    Object.assign(new AggregateError([new Error('a'), new Error('b')]), { code: 'ECONNREFUSED' }),
    'ECONNREFUSED',
  ],
  ['its name where it says nothing else', new TypeError(), 'TypeError'],
  ['itself where it is no error', 'stopped', 'stopped'],
])('an error says %s', (_what, error, reason) => {
  expect(errorText(error)).toBe(reason);
});
