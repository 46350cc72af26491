import type { AgentPod, FoundPod } from '@kube-prefetch/cluster';
import { aNode, aState } from '@kube-prefetch/core/testing';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import { anAgent, aReport } from '../../testing/index.ts';
import { startVirtualLine } from '../../testing/virtual-line.ts';
import { createPodClaims, isNewer } from './newer-pod.ts';

const at = (second: number, leaving = false): FoundPod => ({ createdAt: `2026-01-01T00:00:0${second}Z`, leaving });
const never = new AbortController().signal;

test.each<[string, FoundPod, FoundPod, boolean]>([
  ['a pod that is gone', 'gone', at(1), false],
  ['a pod that is gone, after another that is gone', 'gone', 'gone', false],
  ['one that was created earlier, after one that is gone', at(1), 'gone', true],
  ['one that was created later', at(2), at(1), true],
  ['one that was created earlier', at(1), at(2), false],
  ['one that was created in the same second', at(1), at(1), false],
  ['one that was created earlier, after one that is being deleted', at(1), at(2, true), true],
  ['one that is being deleted, after one that is not', at(2, true), at(1), false],
  ['the later of two that are being deleted', at(2, true), at(1, true), true],
])('%s', (_case, other, now, newer) => {
  expect(isNewer(other, now)).toBe(newer);
});

/** A node that pods claim, which an API server knows in the order of their names: `a` is the oldest. */
async function start({ away = false } = {}) {
  const asked: string[] = [];
  const gone = new Set<string>();
  const server = { away };
  const line = startVirtualLine({
    pods: {
      async find({ name }) {
        asked.push(name);
        if (server.away) throw new Error('connection refused');
        return gone.has(name) ? 'gone' : at(name.charCodeAt(0) - 96);
      },
    },
  });
  await line.show(aState({ nodes: [aNode({ name: 'n1' })] }));
  let sequence = 0;
  return {
    ...line,
    asked,
    gone,
    server,
    /** `startedAt`: what its agent says of its own start. */
    async says(name: string, startedAt = 1) {
      const pod: AgentPod = { name, uid: `uid-${name}` };
      sequence += 1;
      const report = aReport({ agent: anAgent(`agent-${name}`, startedAt), sequence });
      const answer = line.coordinator.forNode('n1', pod).report(report, never);
      const heard = answer.then(
        ({ sendFull }) => (sendFull ? 'sendFull' : 'heard'),
        error => error.code,
      );
      await line.clock.advance(100);
      return heard;
    },
  };
}

test('the newer pod is heard, whatever either says of its start, and the older is sent away', async () => {
  const { says } = await start();
  expect(await says('a', 9)).toBe('heard');
  expect(await says('b', 1)).toBe('heard');
  expect(await says('a', 99)).toBe('OlderAgent');
  expect(await says('b', 1)).toBe('heard');
});

test('a pod that is gone is heard no more, also one that said it started later', async () => {
  const { says, gone } = await start();
  await says('a');
  gone.add('c');
  expect(await says('c', 99)).toBe('OlderAgent');
});

test('an older pod is heard again where the newer is gone', async () => {
  const { says, gone, clock } = await start();
  await says('b');
  expect(await says('a')).toBe('OlderAgent');
  gone.add('b');
  await clock.advance(10_000);
  expect(await says('a')).toBe('heard');
});

test('of one pod the process that says it started later is heard, and nobody is asked', async () => {
  const { asked, coordinator, clock } = await start();
  const pod = { name: 'a', uid: 'uid-a' };
  const report = (second: number, id: string) =>
    coordinator.forNode('n1', pod).report(aReport({ agent: anAgent(id, second) }), never);
  await report(2, 'later');
  await expect(report(1, 'earlier')).rejects.toMatchObject({ code: 'OlderAgent' });
  await clock.advance(1_000);
  expect(asked).toEqual([]);
});

test('two pods that both go on reporting cost two questions in ten seconds', async () => {
  const { says, asked, clock } = await start();
  await says('b');
  for (let second = 0; second < 20; second += 1) {
    await says('a');
    await says('b');
    await clock.advance(800);
  }
  expect(asked).toEqual(['a', 'b', 'a', 'b']);
});

test('while the API server is away the pod of now is heard, and another only once it fell silent', async () => {
  const { says, clock } = await start({ away: true });
  expect(await says('a')).toBe('heard');
  expect(await says('b')).toBe('IdentityUnavailable');
  expect(await says('a')).toBe('heard');
  await clock.advance(60_000);
  expect(await says('b')).toBe('heard');
});

test('an API server that hangs makes nobody wait for longer than ten seconds', async () => {
  const clock = createVirtualClock();
  const claims = createPodClaims({
    clock,
    pods: { find: (_pod, signal) => clock.sleep(Infinity, signal).then(() => 'gone') },
  });
  const asked = claims.isNewer({ name: 'b', uid: 'b' }, { name: 'a', uid: 'a' }, never).catch(error => error.code);
  await clock.advance(10_000);
  expect(await asked).toBe('IdentityUnavailable');
});
