import { type LabelSelector, type PrefetchSpec, type ResourceRef, TECHSQUAD_KIND } from '@kube-prefetch/protocol';
import type { KnownKind, Resource } from '../state/cluster-state.ts';
import { tolerationProblem } from '../placement/toleration.ts';
import { selectorProblems } from '../selectors/label-selector.ts';
import { kindProblems } from '../workloads/kind-names.ts';
import { rewriteProblem } from './rewrite-images.ts';

/**
 * Why the resource is not accepted, a sentence each; one that has any asks for nothing. The spec of a resource that broke
 * the schema may have any shape and is not looked at.
 */
export function problemsOf({ ref, spec, problems }: Resource, kinds: readonly KnownKind[] = []): readonly string[] {
  if (problems.length > 0) return problems;
  return [...badSelectors(ref, spec), ...kindProblems(spec, kinds), ...badTolerations(spec), ...badRules(spec)];
}

/** What neither the schema nor CEL can see. */
function badSelectors({ kind }: ResourceRef, spec: PrefetchSpec): readonly string[] {
  const selectors: readonly (readonly [path: string, selector: LabelSelector | undefined])[] = [
    ...spec.workloads.flatMap(({ selector, namespaces }, index) => [
      [kind === TECHSQUAD_KIND ? 'spec.filter_by_labels' : `spec.workloads[${index}].selector`, selector] as const,
      [`spec.workloads[${index}].namespaces.selector`, namespaces?.selector] as const,
    ]),
    ['spec.nodes.selector', spec.nodes?.selector],
  ];
  return selectors.flatMap(([path, selector = {}]) => selectorProblems(selector).map(problem => `${path}: ${problem}`));
}

function badTolerations(spec: PrefetchSpec): readonly string[] {
  return (spec.nodes?.tolerations ?? []).flatMap((toleration, index) => {
    const problem = tolerationProblem(toleration);
    return problem === undefined ? [] : [`spec.nodes.tolerations[${index}]: ${problem}`];
  });
}

function badRules(spec: PrefetchSpec): readonly string[] {
  return spec.rewrite.flatMap((rule, index) => {
    const problem = rewriteProblem(rule);
    return problem === undefined ? [] : [`spec.rewrite[${index}]: ${problem}`];
  });
}
