import type { PodImage, Workload } from '../state/cluster-state.ts';
import { workloadName } from './kind-names.ts';
import { podImages } from './pod-images.ts';

/** `"true"`, or names of containers, on a workload or its pod template: what is left out. */
export const EXCLUDE_ANNOTATION = 'kube-prefetch.io/exclude';
/** `"true"`, on a workload or its pod template: `onlyAnnotated` finds it. */
export const PREFETCH_ANNOTATION = 'kube-prefetch.io/prefetch';

export function excludedByAnnotation(
  { annotations }: Workload,
  { name }: PodImage,
): 'excludedByAnnotation' | undefined {
  const { exclude = [] } = annotations ?? {};
  return exclude === 'all' || (name !== undefined && exclude.includes(name)) ? 'excludedByAnnotation' : undefined;
}

/** What annotations of the workloads say and cannot be understood, each sentence once, sorted. */
export function unclearAnnotations(
  workloads: readonly Workload[],
  admittedNames: (workload: Workload) => readonly string[] = () => [],
): readonly string[] {
  const annotated = workloads.filter(({ annotations }) => annotations !== undefined);
  const sentences = [...Map.groupBy(annotated, workloadName)].flatMap(([name, templates]) =>
    [
      ...templates.flatMap(({ annotations }) => annotations?.problems ?? []),
      ...namesOfNothing(templates, templates.flatMap(admittedNames)),
    ].map(text => `${name}: ${text}`),
  );
  return [...new Set(sentences)].sort();
}

/** Of one workload: a name that the annotation of the workload gives may be that of a container in any of its templates, or in its pods. */
function namesOfNothing(templates: readonly Workload[], inPods: readonly string[]): readonly string[] {
  const given = templates.flatMap(({ annotations: { exclude = [] } = { problems: [] } }) =>
    exclude === 'all' ? [] : exclude,
  );
  const known = new Set(templates.flatMap(({ pod }) => podImages(pod)).map(({ name }) => name));
  const unknown = [...new Set(given)].filter(name => !known.has(name) && !inPods.includes(name));
  return unknown.map(name => `${EXCLUDE_ANNOTATION} names ${name}, and no container of the pod template has this name`);
}

/** With what the annotations of the others say of it; the same object where they say nothing. */
export function withAnnotationsOf(workload: Workload, others: readonly Workload[]): Workload {
  const more = others.flatMap(({ annotations }) => annotations ?? []).filter(each => each !== workload.annotations);
  if (more.length === 0) return workload;
  const all = [workload.annotations ?? { problems: [] }, ...more];
  const names = all.flatMap(({ exclude = [] }) => (exclude === 'all' ? [] : exclude));
  const exclude = all.some(each => each.exclude === 'all') ? 'all' : names;
  const problems = all.flatMap(each => each.problems);
  return { ...workload, annotations: { ...workload.annotations, exclude, problems } };
}
