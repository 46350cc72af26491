import { EXCLUDE_ANNOTATION, type WorkloadAnnotations, PREFETCH_ANNOTATION, type Workload } from '@kube-prefetch/core';
import { describeValue, isDnsLabel } from '@kube-prefetch/protocol';
import { below, expected, type Field, isAbsent } from '../to-state/read-fields.ts';

/** Nobody names more containers than a pod may reasonably have. */
const MAX_NAMES = 100;
const MAX_LENGTH = 8_192;

/**
 * Reads our annotations out of those of a workload and of its pod template: what either says counts.
 *
 * | annotation | value                                  | means                                            |
 * | ---------- | -------------------------------------- | ------------------------------------------------ |
 * | exclude    | `true`                                 | every image is left out                          |
 * | exclude    | `false`                                | nothing                                          |
 * | exclude    | names, separated by commas             | their images are left out                        |
 * | prefetch   | `true`                                 | `onlyAnnotated` finds it                         |
 * | prefetch   | `false`                                | nothing                                          |
 * | prefetch   | anything else                          | `onlyAnnotated` finds it, and starts no pull     |
 * | either     | anything else                          | a problem; of names, those that can be one count |
 *
 * Throws MalformedField for a value that is no text: no API server has such a one.
 */
export function toAnnotations(annotations: readonly Field[]): Pick<Workload, 'annotations'> {
  const excludes = valuesOf(annotations, EXCLUDE_ANNOTATION).map(toExclude);
  const prefetches = valuesOf(annotations, PREFETCH_ANNOTATION).map(toPrefetch);
  if (excludes.length + prefetches.length === 0) return {};
  const names = [...new Set(excludes.flatMap(({ names = [] }) => names))];
  const exclude = excludes.some(({ all }) => all) ? 'all' : names.length > 0 ? names : undefined;
  const said = prefetches.map(({ prefetch }) => prefetch);
  const prefetch = said.find(each => each === 'yes') ?? said.find(each => each === 'unclear');
  const problems = [...excludes, ...prefetches].flatMap(({ problem }) => problem ?? []);
  return { annotations: { ...(exclude && { exclude }), ...(prefetch && { prefetch }), problems } };
}

interface Exclude {
  readonly all?: true;
  readonly names?: readonly string[];
  readonly problem?: string;
}

function toExclude(value: string): Exclude {
  if (value === 'true') return { all: true };
  if (value === 'false') return {};
  if (value.length > MAX_LENGTH)
    return { problem: `${EXCLUDE_ANNOTATION}: expected at most ${MAX_LENGTH} characters, got ${value.length}` };
  const given = value.split(',').map(name => name.trim());
  const names = given.filter(isDnsLabel);
  const wrong = given.find(name => !isDnsLabel(name));
  if (wrong !== undefined)
    return {
      names: names.slice(0, MAX_NAMES),
      problem: `${EXCLUDE_ANNOTATION}: expected "true", "false" or names of containers, separated by commas, got ${describeValue(wrong)}`,
    };
  if (names.length <= MAX_NAMES) return { names };
  return {
    names: names.slice(0, MAX_NAMES),
    problem: `${EXCLUDE_ANNOTATION}: expected at most ${MAX_NAMES} names, got ${names.length}; the first ${MAX_NAMES} count`,
  };
}

function toPrefetch(value: string): { readonly prefetch?: WorkloadAnnotations['prefetch']; readonly problem?: string } {
  if (value === 'true') return { prefetch: 'yes' };
  if (value === 'false') return {};
  return {
    prefetch: 'unclear',
    problem: `${PREFETCH_ANNOTATION}: expected "true" or "false", got ${describeValue(value)}`,
  };
}

/** An empty value counts: somebody meant something by it. */
function valuesOf(annotations: readonly Field[], name: string): readonly string[] {
  return annotations
    .map(field => below(field, name))
    .filter(field => !isAbsent(field))
    .map(field => {
      if (typeof field.value !== 'string') throw expected(field, 'text (quote it if it looks like something else)');
      return field.value.trim();
    });
}
