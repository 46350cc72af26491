import { aPod } from '@kube-prefetch/core/testing';
import { expect, test } from 'vitest';
import { podImages, pullsAlways } from './pod-images.ts';

test('containers, init containers and image volumes count', () => {
  const pod = aPod({
    containers: [{ image: 'web:1' }, { image: 'proxy:1' }],
    initContainers: [{ image: 'init:1' }],
    imageVolumes: [{ image: 'data:1' }],
  });
  expect(podImages(pod).map(({ image }) => image)).toEqual(['web:1', 'proxy:1', 'init:1', 'data:1']);
});

test('a name that is still empty or longer than any reference is left out; a malformed one is kept', () => {
  const images = ['', 'a'.repeat(513), 'a'.repeat(512), 'Nginx:'];
  expect(podImages(aPod({ containers: images.map(image => ({ image })) })).map(({ image }) => image)).toEqual(
    images.slice(2),
  );
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
