import { aPod } from '@kube-prefetch/core/testing';
import { expect, test } from 'vitest';
import { podImages, pullsAlways, whyUnplanned } from './pod-images.ts';

test('containers, init containers and image volumes count', () => {
  const pod = aPod({
    containers: [{ image: 'web:1' }, { image: 'proxy:1' }],
    initContainers: [{ image: 'init:1' }],
    imageVolumes: [{ image: 'data:1' }],
  });
  expect(podImages(pod).map(({ image }) => image)).toEqual(['web:1', 'proxy:1', 'init:1', 'data:1']);
});

test.each([
  ['', undefined, 'placeholder'],
  [' ', undefined, 'placeholder'],
  ['\t\n', undefined, 'placeholder'],
  ['auto', undefined, 'placeholder'],
  ['auto', 'Never', 'placeholder'],
  ['auto:1', undefined, undefined],
  ['r.example/auto', undefined, undefined],
  ['Auto', undefined, undefined],
  [' web', undefined, undefined],
  ['web', 'Never', 'neverPulled'],
  ['web', 'IfNotPresent', undefined],
  ['web', undefined, undefined],
  ['Nginx:', undefined, undefined],
  ['a'.repeat(513), undefined, 'tooLong'],
  ['a'.repeat(512), undefined, undefined],
] as const)('%j with the policy %j is not planned as %j', (image, pullPolicy, reason) => {
  expect(whyUnplanned({ image, ...(pullPolicy && { pullPolicy }) })).toBe(reason);
});

const DIGEST = `sha256:${'a'.repeat(64)}`;

test.each([
  ['nginx', true],
  ['nginx:latest', true],
  ['r.example:5000/nginx', true],
  [`nginx:latest@${DIGEST}`, true],
  ['nginx:1.27', false],
  ['nginx:Latest', false],
  [`nginx@${DIGEST}`, false],
  [`nginx:1.27@${DIGEST}`, false],
  ['Nginx', false],
  ['nginx:latest:', false],
])('%s without a policy pulls Always: %j', (image, always) => {
  expect(pullsAlways({ image })).toBe(always);
});

test.each([
  ['Always', true],
  ['IfNotPresent', false],
  ['Never', false],
] as const)('the policy as written goes first: %s', (pullPolicy, always) => {
  expect(pullsAlways({ image: 'nginx', pullPolicy })).toBe(always);
  expect(pullsAlways({ image: 'nginx:1', pullPolicy })).toBe(always);
});
