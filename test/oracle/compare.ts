import fc from 'fast-check';
import { type About, callOriginal } from './call-original.ts';
import { createBranchHits } from './branch-hits.ts';

/** About each subject that costs no processes; 20,000 is what the project promises. */
const CASES = 25_000;
const SHOWN_DIFFERENCES = 5;

export interface Comparison<Case, Answer> {
  readonly about: About;
  readonly cases: fc.Arbitrary<Case>;
  /** 25,000 where nothing is said. */
  readonly count?: number;
  /** Our verdict. */
  ours(one: Case): unknown;
  /** Theirs, in the same shape. */
  theirs(answer: Answer, one: Case): unknown;
  /** What the case went through, for people to see that nothing was left out. */
  branches(one: Case, answer: Answer): readonly string[];
  /** The share of all cases that each branch must have had, in per mille; every branch that can be hit has its row. */
  readonly least: Readonly<Record<string, number>>;
}

/** What a test expects to be empty. */
export interface Found {
  /** The shortest cases in which the verdicts differ. */
  readonly differences: readonly Difference[];
  /** Branches that were hit less often than they must. */
  readonly tooRare: readonly string[];
}

/** Gives both sides the same random cases, and prints how often each branch was hit. */
export async function compare<Case, Answer>(comparison: Comparison<Case, Answer>): Promise<Found> {
  const seed = Number(process.env.ORACLE_SEED ?? Math.floor(Math.random() * 2 ** 31));
  const { count = CASES } = comparison;
  const cases = fc.sample(comparison.cases, { numRuns: count, seed });
  const answers = await callOriginal<Answer>(comparison.about, cases);
  const hits = createBranchHits(count, comparison.least);
  const differences: Difference[] = [];
  for (const [index, one] of cases.entries()) {
    const answer = answers[index] as Answer;
    hits.hit(comparison.branches(one, answer));
    const [ours, theirs] = [comparison.ours(one), comparison.theirs(answer, one)].map(side => JSON.stringify(side));
    if (ours !== theirs) differences.push({ case: JSON.stringify(one), ours, theirs });
  }
  hits.print(`${comparison.about}: ${count} cases; again with ORACLE_SEED=${seed}`);
  return { differences: shortest(differences), tooRare: hits.tooRare() };
}

interface Difference {
  readonly case: string;
  readonly ours: string | undefined;
  readonly theirs: string | undefined;
}

function shortest(differences: readonly Difference[]): readonly Difference[] {
  return differences.toSorted((a, b) => a.case.length - b.case.length).slice(0, SHOWN_DIFFERENCES);
}
