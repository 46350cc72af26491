import { helmPrograms, readYaml } from '@kube-prefetch/lab/set-up';
import { runProgram } from '@kube-prefetch/lab/machine';

export const CHART = 'charts/kube-prefetch';
export const VALUE_SETS = ['default', 'everything', 'bare'] as const;
export type ValueSet = (typeof VALUE_SETS)[number];

/** The arguments of a kubectl that has the API server judge what comes in, and keeps nothing. */
export const TRY: readonly string[] = ['create', '--dry-run=server', '--validate=strict', '--filename=-'];

/** What tests read of a rendered object. */
export interface Rendered {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: unknown;
}

/** helm without a cluster; throws with what it said. */
export async function helm(...args: readonly string[]): Promise<string> {
  return runProgram((await helmPrograms()).helm, args);
}

/** The release `warm` in the namespace `kube-prefetch`, with the values of test/chart/values and further arguments. */
export function template(set: ValueSet, ...args: readonly string[]): Promise<string> {
  return helm('template', 'warm', CHART, '--namespace=kube-prefetch', valuesOf(set), ...args);
}

export function valuesOf(set: ValueSet): string {
  return `--values=test/chart/values/${set}.yaml`;
}

export function objectsIn(yaml: string): readonly Rendered[] {
  return readYaml(yaml) as readonly Rendered[];
}
