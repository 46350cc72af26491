import { expect, test } from 'vitest';
import { toKubeError } from './to-kube-error.ts';

test.each([
  [401, 'Unauthorized', 'Unauthorized'],
  [403, 'Forbidden', 'Forbidden'],
  [404, 'NotFound', 'NotFound'],
  [409, 'AlreadyExists', 'AlreadyExists'],
  [409, 'Conflict', 'Conflict'],
  [410, 'Expired', 'Expired'],
  [410, 'Gone', 'Expired'],
  [400, 'BadRequest', 'Invalid'],
  [422, 'Invalid', 'Invalid'],
  [429, 'TooManyRequests', 'TooManyRequests'],
  [500, 'InternalError', 'ServerError'],
  [504, 'Timeout', 'ServerError'],
  [302, undefined, 'ServerError'],
])('HTTP %i for the reason %s is %s', (code, reason, failure) => {
  expect(toKubeError('GET /x', code, { kind: 'Status', reason })).toMatchObject({ failure });
});

test.each([
  ['404 page not found\n', 'NotFound'],
  [{ kind: 'Status', reason: 'NotFound' }, 'NotFound'],
  ['<html><h1>Not Found</h1>', 'ServerError'],
  ['', 'ServerError'],
  [{ error: 'no such host' }, 'ServerError'],
])('a 404 that says %j is %s: that of a proxy says nothing about a kind', (answer, failure) => {
  expect(toKubeError('GET /x', 404, answer)).toMatchObject({ failure });
});

test('what is refused because its namespace is being deleted is as good as not found', () => {
  const causes = [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }];
  expect(toKubeError('POST /x', 403, { reason: 'Forbidden', details: { causes } }).failure).toBe('NotFound');
  expect(toKubeError('POST /x', 403, { reason: 'Forbidden', details: { causes: 'none' } }).failure).toBe('Forbidden');
});

test('the message says what was asked, the code, and what the server said', () => {
  const { message } = toKubeError('GET /api/v1/nodes', 403, { message: 'nodes is forbidden: User "a" cannot list' });
  expect(message).toBe('GET /api/v1/nodes: HTTP 403, nodes is forbidden: User "a" cannot list');
});

test('of an answer that is no Status the beginning is told', () => {
  expect(toKubeError('GET /x', 502, `<html>${'x'.repeat(1000)}`).message).toMatch(/^GET \/x: HTTP 502, <html>x{194}$/);
  expect(toKubeError('GET /x', 503, '').message).toBe('GET /x: HTTP 503');
});

test.each([
  ['2', undefined, 2000],
  [undefined, { retryAfterSeconds: 3 }, 3000],
  ['Wed, 21 Oct 2026 07:28:00 GMT', undefined, undefined],
  [undefined, undefined, undefined],
])('Retry-After %s with details %o asks for %s ms', (header, details, retryAfterMs) => {
  expect(toKubeError('GET /x', 429, { details }, header).retryAfterMs).toBe(retryAfterMs);
});

test('of what the server says only the start is kept', () => {
  for (const answer of ['x'.repeat(100_000), { message: 'x'.repeat(100_000) }])
    expect(toKubeError('GET /x', 500, answer).message.length).toBeLessThan(1_100);
});
