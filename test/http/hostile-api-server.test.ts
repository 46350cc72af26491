import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKubernetesSource } from '@kube-prefetch/cluster';
import { createClientNodeApi } from '@kube-prefetch/cluster/client-node';
import { aDeployment, aNode, READ_KINDS } from '@kube-prefetch/cluster/testing';
import { scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { type Clock, seededRandom, systemClock } from '@kube-prefetch/time';
import { expect, onTestFinished, test } from 'vitest';
import { SOON_MS } from '../patience.ts';
import { startHostileApiServer } from './hostile-api-server.ts';

const ROUNDS = Number(process.env.WATCH_FUZZ_ROUNDS ?? 40);
const SEED = Number(process.env.WATCH_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** Pauses and deadlines pass so much faster. */
const HURRY = 100;
const HOSTILE_MS = 300;
/** The bound is the reader's; this one is passed soon. */
const MAX_ANSWER_BYTES = 2 ** 20;
/** Keys that mean something to JavaScript, as anybody may write them into an object. */
const ODD_KEYS = JSON.parse('{"__proto__":"x","constructor":"y","toString":"z"}') as object;
const hurried: Clock = {
  ...systemClock,
  monotonicMs: () => systemClock.monotonicMs() * HURRY,
  sleep: (ms, signal) => systemClock.sleep(ms / HURRY, signal),
};

/** A slow machine asks less in the time of a round, and so gets more of them. */
const MOST_ROUNDS = 5 * ROUNDS;
const MOST_MS = 60_000 + MOST_ROUNDS * 3_000;

test(
  `whatever an API server answers, what was read stays, and the truth is read once it tells it (WATCH_FUZZ_SEED=${SEED})`,
  async () => {
    const scratch = scratchFolder('kp-hostile-api');
    const server = await startHostileApiServer(seededRandom(SEED));
    const kubeconfig = join(scratch.path, 'kubeconfig');
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        clusters: [{ name: 'c', cluster: { server: server.url, 'insecure-skip-tls-verify': true } }],
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
        users: [{ name: 'u', user: {} }],
        'current-context': 'c',
      }),
    );
    const api = createClientNodeApi({ kubeconfig, clock: hurried, maxAnswerBytes: MAX_ANSWER_BYTES });
    const log = { debug: () => {}, info: () => {}, warn: () => {} };
    const source = createKubernetesSource({ api, clock: hurried, random: seededRandom(SEED), log });
    const stop = new AbortController();
    let ended: unknown = 'it runs';
    const run = source
      .run(() => {}, stop.signal)
      .then(
        () => (ended = 'it ended'),
        error => (ended = error),
      );
    onTestFinished(async () => {
      stop.abort();
      await run;
      await api.close();
      await server.close();
      scratch.remove();
    });
    const seen = () => ({
      nodes: source.read()?.nodes.map(({ name }) => name),
      images: source.read()?.workloads.flatMap(({ pod }) => pod.containers.map(({ image }) => image)),
      gaps: source.read()?.gaps,
    });

    let told: { nodes: readonly string[]; images: readonly string[] } | undefined;
    let gapRounds = 0;
    let mostASecond = 0;
    const rare = () => [...server.given.values()].filter(times => times < ROUNDS / 4);
    let round = 0;
    for (; round < ROUNDS || (rare().length > 0 && round < MOST_ROUNDS); round += 1) {
      const truth = { nodes: ['n1', 'n2'], images: [`web:${round}`, 'db:1'] };
      if (round > 0) {
        const [before, startedMs] = [server.requests(), performance.now()];
        server.beHostile(true);
        while (performance.now() < startedMs + HOSTILE_MS) {
          await new Promise(resolve => setTimeout(resolve, 20));
          expect(ended).toBe('it runs');
          expect(seen()).toMatchObject(told as object);
        }
        if ((seen().gaps ?? []).length > 0) gapRounds += 1;
        const hurriedSeconds = ((performance.now() - startedMs) / 1_000) * HURRY;
        mostASecond = Math.max(mostASecond, (server.requests() - before) / hurriedSeconds / READ_KINDS.length);
        server.beHostile(false);
      }
      // Another one each time: its predecessor's deletion must be seen too.
      const web = aDeployment(`web-${round}`, [truth.images[0] as string]);
      server.hold([
        ...truth.nodes.map(aNode),
        { ...web, metadata: { ...(web.metadata as object), labels: ODD_KEYS, annotations: ODD_KEYS } },
        aDeployment('db', ['db:1']),
      ]);
      const isRead = () => {
        const { nodes, images, gaps } = seen();
        return (
          JSON.stringify([nodes, images?.toSorted(), gaps]) ===
          JSON.stringify([truth.nodes, truth.images.toSorted(), []])
        );
      };
      await waitUntil(async () => isRead() || ended !== 'it runs', `round ${round} to be read`, SOON_MS);
      expect(ended).toBe('it runs');
      told = { nodes: truth.nodes, images: seen().images ?? [] };
    }
    for (const [answer, times] of [...server.given].sort(([a], [b]) => a.localeCompare(b)))
      console.log(`${String(times).padStart(6)}  ${answer}`);
    console.log({ rounds: round, gapRounds, requestsASecondAndKind: Number(mostASecond.toFixed(2)) });
    expect(rare()).toEqual([]);
    expect(mostASecond).toBeLessThan(3);
    expect(Object.keys(Object.getPrototypeOf({}))).toEqual([]);
  },
  MOST_MS,
);
