import type { Cohort, CohortPlans } from '@kube-prefetch/core';
import { createCohortTally } from './cohort-tally.ts';
import type { CohortRecord, NodeRecord } from './node-record.ts';

/** The tables of the fleet: who is in which cohort. Kept so that a node's cells are always counted in its own cohort. */
export interface Membership {
  readonly nodes: ReadonlyMap<string, NodeRecord>;
  readonly cohorts: ReadonlyMap<string, CohortRecord>;
  /** Takes over what a pass computed; returns the nodes that are no longer part of the cluster. */
  assign(cohorts: readonly Cohort[], plans: CohortPlans, now: number): readonly NodeRecord[];
  clear(): readonly NodeRecord[];
}

export function createMembership(): Membership {
  const nodes = new Map<string, NodeRecord>();
  const records = new Map<string, CohortRecord>();

  return {
    nodes,
    cohorts: records,
    assign(cohorts, plans, now) {
      const named = new Set<string>();
      for (const cohort of cohorts) {
        const record = takeCohort(records, cohort, plans);
        for (const name of cohort.nodes) {
          named.add(name);
          const node = nodes.get(name);
          if (node === undefined) nodes.set(name, newNode(name, record, now));
          else if (node.home !== record) moveHome(node, record);
        }
      }
      const left = [...nodes.values()].filter(node => !named.has(node.name));
      for (const node of left) {
        uncount(node);
        nodes.delete(node.name);
      }
      const keys = new Set(cohorts.map(cohort => cohort.key));
      for (const key of records.keys()) if (!keys.has(key)) records.delete(key);
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

/** Undoes `count`; between the two a node may change. */
export function uncount(node: NodeRecord): void {
  if (node.silent) node.home.silentNodes -= 1;
  else for (const cell of node.heard?.cells.values() ?? []) node.home.tally.remove(node.name, cell);
}

function moveHome(node: NodeRecord, home: CohortRecord): void {
  uncount(node);
  node.home = home;
  count(node);
}

function takeCohort(records: Map<string, CohortRecord>, cohort: Cohort, plans: CohortPlans): CohortRecord {
  const plan = plans.get(cohort.key);
  if (plan === undefined) throw new Error(`planCohorts made no plan for the cohort ${cohort.key}`);
  const record = records.get(cohort.key);
  if (record === undefined) {
    const created = { cohort, plan, tally: createCohortTally(), silentNodes: 0 };
    records.set(cohort.key, created);
    return created;
  }
  record.cohort = cohort;
  record.plan = plan;
  return record;
}

function newNode(name: string, home: CohortRecord, now: number): NodeRecord {
  return { name, home, contactMs: now, silent: false, heard: undefined, poll: undefined };
}
