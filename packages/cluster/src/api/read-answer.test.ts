import { expect, test } from 'vitest';
import { NODES, PREFETCHES } from './kinds.ts';
import { readEvent, readObject, readPage, readTokenReview, StrangeAnswer } from './read-answer.ts';

const web = { metadata: { namespace: 'shop', name: 'web' } };
const whole = { ...web, apiVersion: PREFETCHES.apiVersion, kind: 'Prefetch' };

test('an item of a list is told its kind, as an object alone is', () => {
  const page = readPage(PREFETCHES, {
    kind: 'PrefetchList',
    metadata: { resourceVersion: '7', continue: '' },
    items: [web],
  });
  expect(page).toEqual({ resourceVersion: '7', items: [whole] });
  expect(readObject(PREFETCHES, web)).toEqual(whole);
});

test('of a list of names each item is an object without more', () => {
  const items = [{ ...web, apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata' }];
  const page = readPage(PREFETCHES, { kind: 'PartialObjectMetadataList', metadata: { resourceVersion: '7' }, items });
  expect(page.items).toEqual([whole]);
});

test('a list with more to come says how to go on', () => {
  const page = readPage(PREFETCHES, {
    kind: 'PrefetchList',
    metadata: { resourceVersion: '7', continue: 'abc' },
    items: [],
  });
  expect(page.next).toBe('abc');
});

test.each([
  undefined,
  'text',
  [],
  {},
  { kind: 'PrefetchList', metadata: {}, items: [] },
  { kind: 'PrefetchList', metadata: { resourceVersion: '' }, items: [] },
  { kind: 'PrefetchList', metadata: { resourceVersion: 7 }, items: [] },
  { kind: 'PrefetchList', metadata: { resourceVersion: '7' } },
  { kind: 'PrefetchList', metadata: { resourceVersion: '7' }, items: null },
  { kind: 'PrefetchList', metadata: { resourceVersion: '7' }, items: [{}] },
  { kind: 'PrefetchList', metadata: { resourceVersion: '7' }, items: [{ metadata: {} }] },
  { kind: 'PodList', metadata: { resourceVersion: '7' }, items: [] },
  { kind: 'Status', metadata: { resourceVersion: '7' }, items: [] },
  { metadata: { resourceVersion: '7' }, items: [] },
])('what is no list is a strange answer, never an empty list: %j', answer => {
  expect(() => readPage(PREFETCHES, answer)).toThrow(StrangeAnswer);
});

test.each([
  { ...whole, kind: 'Pod' },
  { metadata: { name: 'web' } },
  { metadata: { name: '', namespace: 'shop' } },
  { metadata: { name: 'web', namespace: { toString: 1 } } },
  { metadata: { name: ['web'], namespace: 'shop' } },
  { metadata: { ...web.metadata, resourceVersion: 7 } },
  { metadata: { ...web.metadata, uid: {} } },
])('what is no such object is a strange answer: %j', answer => {
  expect(() => readObject(PREFETCHES, answer)).toThrow(StrangeAnswer);
});

test('an object without a namespace has none', () => {
  expect(() => readObject(NODES, { metadata: { name: 'n1', namespace: 'shop' } })).toThrow('a Node in a namespace');
});

test.each([
  [
    { type: 'ADDED', object: web },
    { type: 'ADDED', object: whole },
  ],
  [
    { type: 'DELETED', object: web },
    { type: 'DELETED', object: whole },
  ],
  [
    { type: 'BOOKMARK', object: { metadata: { resourceVersion: '9' } } },
    { type: 'BOOKMARK', resourceVersion: '9' },
  ],
  [{ type: 'SOMETHING_NEW', object: web }, undefined],
])('the event %j is %j', (given, event) => {
  expect(readEvent(PREFETCHES, 'GET /x', JSON.stringify(given))).toEqual(event);
});

test('an error in the stream is thrown by its meaning', () => {
  const line = JSON.stringify({ type: 'ERROR', object: { code: 410, reason: 'Expired', message: 'too old' } });
  expect(() => readEvent(PREFETCHES, 'GET /x', line)).toThrow(
    expect.objectContaining({ failure: 'Expired', message: 'GET /x: HTTP 410, too old' }),
  );
});

const user = { username: 'u', extra: { 'authentication.kubernetes.io/node-name': ['n1'] } };

test('an accepted token tells its user, its audiences of those asked, and what else is known', () => {
  const status = { authenticated: true, user, audiences: ['a', 'b'] };
  expect(readTokenReview({ status }, ['b', 'c'])).toEqual({
    authenticated: true,
    username: 'u',
    audiences: ['b'],
    extra: { 'authentication.kubernetes.io/node-name': ['n1'] },
  });
});

test.each([
  [{ user: {}, error: 'expired' }, 'expired'],
  [{ authenticated: false }, 'the token is not accepted'],
  [{ authenticated: true, user }, 'the token is for none of the audiences a'],
  [{ authenticated: true, user, audiences: ['b'] }, 'the token is for none of the audiences a'],
])('a review that says %j accepts nothing', (status, error) => {
  expect(readTokenReview({ status }, ['a'])).toEqual({ authenticated: false, error });
});
