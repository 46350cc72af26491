import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBranchHits } from '../oracle/branch-hits.ts';
import { nodeObject, podSpec } from './objects.ts';
import { ourVerdict } from './our-verdict.ts';
import { branchesOf } from './pair-branches.ts';
import { pairs } from './pair-cases.ts';
import { type RealScheduler, startRealScheduler } from './real-scheduler.ts';

const PAIRS = 1_000;
const SHOWN_DIFFERENCES = 5;
/** Of how many pairs in a thousand each branch must have had. */
const LEAST = {
  'nodeSelector: bound': 15,
  'nodeSelector: refused': 1,
  'affinity: bound': 160,
  'affinity: refused': 220,
  'In alone: bound': 1,
  'In alone: refused': 7,
  'NotIn alone: bound': 7,
  'NotIn alone: refused': 1,
  'Exists alone: bound': 6,
  'Exists alone: refused': 1,
  'DoesNotExist alone: bound': 1,
  'DoesNotExist alone: refused': 6,
  'Gt alone: bound': 1,
  'Gt alone: refused': 7,
  'Lt alone: bound': 1,
  'Lt alone: refused': 7,
  'field In alone: bound': 4,
  'field In alone: refused': 4,
  'field NotIn alone: bound': 4,
  'field NotIn alone: refused': 4,
  'an empty term alone: refused': 15,
  'several requirements in a term: bound': 4,
  'several requirements in a term: refused': 30,
  'several terms: bound': 30,
  'several terms: refused': 8,
  'taints: bound': 50,
  'taints: refused': 30,
  'NoSchedule: bound': 10,
  'NoSchedule: refused': 15,
  'NoExecute: bound': 13,
  'NoExecute: refused': 12,
  'PreferNoSchedule: bound': 25,
  'PreferNoSchedule: refused': 3,
  'cordoned: refused': 25,
  'extended resources: bound': 11,
  'extended resources: refused': 20,
  'the node has enough: bound': 11,
  'the node has too few: refused': 1,
  'the node has none: refused': 1,
  'the node does not know the resource: refused': 1,
  'everything: bound': 5,
  'everything: refused': 45,
};

let scheduler: RealScheduler;
beforeAll(async () => {
  scheduler = await startRealScheduler();
});
afterAll(() => scheduler?.close());

test('a pod is bound exactly when we say Yes', async () => {
  const seed = Number(process.env.SCHEDULER_SEED ?? Math.floor(Math.random() * 2 ** 31));
  const cases = fc.sample(pairs, { numRuns: PAIRS, seed }).map((pair, index) => {
    const name = `node-${index}`;
    return { name, pair, node: nodeObject(name, pair.node), podSpec: podSpec(name, pair.pod) };
  });
  const outcomes = await scheduler.place(cases);
  const hits = createBranchHits(PAIRS, LEAST);
  const differences: string[] = [];
  for (const { name, pair, node, podSpec: spec } of cases) {
    const outcome = outcomes.get(name) ?? 'refused';
    const { verdict, sentence } = ourVerdict(node, spec);
    hits.hit(branchesOf(pair, outcome));
    if ((verdict === 'Yes') !== (outcome === 'bound'))
      differences.push(`${outcome}, but we say ${verdict}, as ${sentence}: ${JSON.stringify(pair)}`);
  }
  hits.print(`${PAIRS} pairs; again with SCHEDULER_SEED=${seed}`);
  expect(differences.toSorted((a, b) => a.length - b.length).slice(0, SHOWN_DIFFERENCES)).toEqual([]);
  expect(hits.tooRare()).toEqual([]);
});
