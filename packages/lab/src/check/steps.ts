/** One thing that must hold before every commit. */
export interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

/** Everything but the unit tests, cheapest first. */
export const STEPS: readonly Step[] = [
  { name: 'format', command: ['biome', 'format', '.'] },
  { name: 'generated files', command: ['node', 'packages/lab/src/gen/main.ts', '--check'] },
  { name: 'types', command: ['tsc', '-p', '.'] },
  { name: 'lint', command: ['oxlint', '--deny-warnings'] },
  { name: 'unused code', command: ['knip'] },
];

/** `npm test` counts them instead. */
export const UNIT_TESTS: Step = {
  name: 'unit tests',
  command: ['vitest', 'run', '--project', 'unit', '--reporter=dot', '--silent=passed-only'],
};
