import type { BoardResource } from '@kube-prefetch/protocol/board';
import { type BoardModel, nameOf } from './board-model.ts';
import { conditionOf } from './headline.ts';

export interface ResourceRow extends BoardResource {
  readonly name: string;
  readonly is: 'Failing' | 'Warming' | 'Warm';
}

const byName = new Intl.Collator('en', { numeric: true }).compare;
const ORDER: readonly ResourceRow['is'][] = ['Failing', 'Warming', 'Warm'];

/** Those that fail first, then those that are not warm, whose names have the text in them, in any case. */
export function orderResources({ resources }: Pick<BoardModel, 'resources'>, text: string): readonly ResourceRow[] {
  const part = text.trim().toLowerCase();
  return [...resources.values()]
    .map(told => ({ ...told, name: nameOf(told), is: stateOf(told) }))
    .filter(({ name }) => name.toLowerCase().includes(part))
    .sort((a, b) => ORDER.indexOf(a.is) - ORDER.indexOf(b.is) || byName(a.name, b.name));
}

function stateOf({ status }: BoardResource): ResourceRow['is'] {
  if (status.failures.length > 0 || conditionOf(status, 'Accepted')?.status === 'False') return 'Failing';
  return conditionOf(status, 'Warm')?.status === 'True' ? 'Warm' : 'Warming';
}
