import type { Cohort, CohortPlans } from '@kube-prefetch/core';
import type { Plan } from '@kube-prefetch/protocol';
import { createCohortTally } from './tally/cohort-tally.ts';
import type { CohortRecord, NodeRecord } from './node-record.ts';
import { nothingKnown } from './tally/not-warm.ts';

/** Which node is in which cohort. A node's cells are counted in its own cohort. */
export interface Membership {
  readonly nodes: ReadonlyMap<string, NodeRecord>;
  /** By key. */
  readonly cohorts: ReadonlyMap<string, CohortRecord>;
  /** Takes over what a pass computed; returns the nodes that are no longer part of the cluster. */
  assign(cohorts: readonly Cohort[], plans: CohortPlans, now: number): readonly NodeRecord[];
  /** Returns the nodes there were. */
  clear(): readonly NodeRecord[];
}

export function createMembership(): Membership {
  const nodes = new Map<string, NodeRecord>();
  const records = new Map<string, CohortRecord>();

  const takeCohorts = (cohorts: readonly Cohort[], plans: CohortPlans) => {
    const vanished = vanishedRecords(records, cohorts);
    for (const cohort of cohorts) {
      const plan = planOf(cohort, plans);
      const record = records.get(cohort.key) ?? inherit(nodes.get(cohort.nodes[0] ?? '')?.home, vanished);
      if (record === undefined) records.set(cohort.key, newCohort(cohort, plan));
      else records.set(cohort.key, Object.assign(record, { cohort, plan: samePlan(record.plan, plan) }));
    }
  };

  const settle = (name: string, home: CohortRecord, now: number) => {
    const node = nodes.get(name);
    if (node === undefined) nodes.set(name, newNode(name, home, now));
    else if (node.home !== home) moveHome(node, home);
  };

  const drop = (node: NodeRecord) => {
    uncount(node);
    nodes.delete(node.name);
  };

  return {
    nodes,
    cohorts: records,
    assign(cohorts, plans, now) {
      // One that is the same object as in the last pass has the same nodes.
      const changed = cohorts.filter(cohort => records.get(cohort.key)?.cohort !== cohort);
      takeCohorts(cohorts, plans);
      const stayed = new Set(records.values());
      const named = new Set<string>();
      for (const { key, nodes: members } of changed) {
        const home = records.get(key) as CohortRecord;
        stayed.delete(home);
        for (const name of members) {
          named.add(name);
          settle(name, home, now);
        }
      }
      const left = [...nodes.values()].filter(({ name, home }) => !named.has(name) && !stayed.has(home));
      for (const node of left) drop(node);
      return left;
    },
    clear() {
      const left = [...nodes.values()];
      nodes.clear();
      records.clear();
      return left;
    },
  };
}

/** Counts what a node last said, in its cohort. A silent node counts as such, its cells do not. */
export function count(node: NodeRecord): void {
  if (node.silent) node.home.silentNodes += 1;
  else for (const cell of node.heard?.cells.values() ?? []) node.home.tally.add(node.name, cell);
}

/** Undoes `count`. A node may change between the two. */
export function uncount(node: NodeRecord): void {
  if (node.silent) node.home.silentNodes -= 1;
  else for (const cell of node.heard?.cells.values() ?? []) node.home.tally.remove(node.name, cell);
}

function moveHome(node: NodeRecord, home: CohortRecord): void {
  uncount(node);
  node.home = home;
  count(node);
}

/** Takes out the records whose key is no longer among the cohorts'. */
function vanishedRecords(records: Map<string, CohortRecord>, cohorts: readonly Cohort[]): Set<CohortRecord> {
  const keys = new Set(cohorts.map(cohort => cohort.key));
  const vanished = new Set<CohortRecord>();
  for (const [key, record] of records) {
    if (keys.has(key)) continue;
    records.delete(key);
    vanished.add(record);
  }
  return vanished;
}

/**
 * A cohort's key changes with every ask, its nodes hardly ever. A new cohort takes over the counts of the one that its
 * first node came from; only nodes that moved are counted again.
 */
function inherit(home: CohortRecord | undefined, vanished: Set<CohortRecord>): CohortRecord | undefined {
  return home !== undefined && vanished.delete(home) ? home : undefined;
}

/** Much is made once for a plan, and kept as long as the plan is: a pass that changed nothing leaves the one there was. */
function samePlan(before: Plan, next: Plan): Plan {
  return before.revision === next.revision ? before : next;
}

function planOf(cohort: Cohort, plans: CohortPlans): Plan {
  const plan = plans.get(cohort.key);
  if (plan === undefined) throw new Error(`planCohorts made no plan for the cohort ${cohort.key}`);
  return plan;
}

function newCohort(cohort: Cohort, plan: Plan): CohortRecord {
  return { cohort, plan, tally: createCohortTally(), silentNodes: 0 };
}

function newNode(name: string, home: CohortRecord, now: number): NodeRecord {
  return {
    name,
    home,
    contactMs: now,
    silent: false,
    sentUntilMs: -Infinity,
    heard: undefined,
    notWarm: nothingKnown(),
    poll: undefined,
  };
}
