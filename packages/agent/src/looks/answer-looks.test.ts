import { MAX_LOOKS_PER_NODE, type Plan } from '@kube-prefetch/protocol';
import { PullFailure } from '@kube-prefetch/runtime';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import { CredentialsMissing } from '../credentials/gather-tries.ts';
import { createLooks } from './answer-looks.ts';
import type { LookUpTag } from './look-up-tag.ts';

const DIGEST = `sha256:${'1'.repeat(64)}`;
const images = Array.from({ length: 40 }, (_, i) => `r.example/${i}:latest`);
const plan: Plan = {
  revision: 'r',
  complete: true,
  items: images.map((image, i) => ({ image, priority: 0, start: true, ...(i === 1 && { credentials: true }) })),
};

function start(lookUp: LookUpTag) {
  const clock = createVirtualClock();
  let random = 0;
  let running = 0;
  let most = 0;
  const began: string[] = [];
  const looks = createLooks({
    clock,
    random: () => (random = (random + 0.1) % 1),
    plan: () => plan,
    lastCredential: () => undefined,
    gather: async ({ image, ask }) => {
      if (image === images[2]) throw new CredentialsMissing('secret shop/regcred is missing');
      return { tries: ask ? [{ from: 'x', username: 'u', password: 'p' }] : ['anonymous'], problems: [] };
    },
    async lookUp(image, auth, signal) {
      began.push(image);
      most = Math.max(most, (running += 1));
      await clock.sleep(10_000, signal);
      running -= 1;
      return lookUp(image, auth, signal);
    },
    found: () => {},
  });
  const stop = new AbortController();
  const ended = looks.run(stop.signal).catch(() => {});
  const end = () => {
    stop.abort(new Error('the test ends'));
    return ended;
  };
  return { clock, looks, began, most: () => most, end };
}

test('what is found is told until the coordinator has heard it, and looked up once however often it is asked', async () => {
  const { clock, looks, began, end } = start(async (_image, auth) => {
    if (auth === undefined) return DIGEST;
    throw new PullFailure('RegistryUnavailable', 'it answers 500');
  });
  looks.asked(images.slice(0, 3));
  await clock.advance(500);
  looks.asked([...images.slice(0, 3), 'r.example/of-nobody:1']);
  await clock.advance(20_000);
  looks.asked(images.slice(0, 3));
  await clock.advance(20_000);
  const told = looks.results();
  expect(told.toSorted((a, b) => (a.image < b.image ? -1 : 1))).toEqual([
    { image: images[0], digest: DIGEST },
    { image: images[1], failure: { kind: 'RegistryUnavailable', message: 'it answers 500' } },
    { image: images[2], failure: { kind: 'Unauthorized', message: 'secret shop/regcred is missing' } },
    { image: 'r.example/of-nobody:1', failure: { kind: 'Unknown', message: 'the plan of the node has no such image' } },
  ]);
  expect(began.toSorted()).toEqual(images.slice(0, 2));
  looks.told(told);
  expect(looks.results()).toEqual([]);
  looks.asked(images.slice(0, 1));
  await clock.advance(20_000);
  expect(looks.results()).toEqual([{ image: images[0], digest: DIGEST }]);
  await end();
});

test('no more are kept than a node may be asked, and four run at once', async () => {
  const { clock, looks, most, end } = start(async () => DIGEST);
  looks.asked(images);
  looks.asked(images.slice(20));
  await clock.advance(60_000);
  expect([looks.results().length, most()]).toEqual([MAX_LOOKS_PER_NODE, 4]);
  await end();
});
