import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import { createSlowRegistries } from './slow-registries.ts';

test('only the registry that refuses is slowed, for pulls that end from now on, and not for ever', async () => {
  const clock = createVirtualClock();
  const registries = createSlowRegistries({ clock, running: () => 8 });
  const look = () => Object.fromEntries(registries.slowed(clock.monotonicMs()));
  registries.ended('n1', 'nginx', 'RateLimited');
  registries.ended('n1', 'r.example/app', 'RegistryUnavailable');
  registries.ended('n2', 'r.example/app', 'NotFound');
  expect(look()).toEqual({});
  registries.ended('n2', 'docker.io/library/redis', 'RateLimited');
  expect(look()).toEqual({ 'docker.io': 5 });
  // Pulls that ran already when it was slowed.
  for (const node of ['n1', 'n2', 'n3']) registries.ended(node, 'nginx', 'RateLimited');
  await clock.advance(15_000);
  expect(look()).toEqual({ 'docker.io': 5 });
  registries.ended('n1', 'nginx', 'RateLimited');
  registries.ended('n3', 'nginx', 'RateLimited');
  expect(look()).toEqual({ 'docker.io': 2 });
  expect(registries.nextDueMs()).toBe(45_000);
  await clock.advance(30_000);
  expect(look()).toEqual({ 'docker.io': 3 });
  registries.clear();
  expect([look(), registries.nextDueMs()]).toEqual([{}, Infinity]);
});

test('what ended a minute ago counts no more', async () => {
  const clock = createVirtualClock();
  const registries = createSlowRegistries({ clock, running: () => 8 });
  registries.ended('n1', 'nginx', 'RateLimited');
  await clock.advance(60_000);
  registries.ended('n2', 'nginx', 'RateLimited');
  expect(registries.slowed(clock.monotonicMs()).size).toBe(0);
});
