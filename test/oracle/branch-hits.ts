export interface BranchHits {
  hit(branches: readonly string[]): void;
  /** For people to see that nothing was left out. */
  print(title: string): void;
  /** Branches that were hit less often than they must, or that have no row. */
  tooRare(): readonly string[];
}

/** `least`: the share of all cases that each branch must have had, in per mille; every branch that can be hit has its row. */
export function createBranchHits(cases: number, least: Readonly<Record<string, number>>): BranchHits {
  const hits = new Map(Object.keys(least).map(branch => [branch, 0]));
  return {
    hit(branches) {
      for (const branch of branches) hits.set(branch, (hits.get(branch) ?? 0) + 1);
    },
    print(title) {
      console.log(title);
      for (const [branch, count] of hits) console.log(`  ${String(count).padStart(6)}  ${branch}`);
    },
    tooRare: () =>
      [...hits].flatMap(([branch, count]) => {
        const perMille = least[branch];
        if (perMille === undefined) return [`${branch}: ${count} of ${cases}, but it has no row`];
        return count * 1_000 >= perMille * cases
          ? []
          : [`${branch}: ${count} of ${cases}, expected ${perMille} per mille`];
      }),
  };
}
