import { NO_CELL, packCell } from '@kube-prefetch/protocol/board';
import type { BoardModel, CountsByState } from './board-model.ts';
import { bytesText, countText, shareText, someText } from './words.ts';

/** What a person sees first. */
export interface Headline {
  readonly tone: 'Warm' | 'Warming' | 'Failing' | 'Empty';
  readonly title: string;
  readonly detail: string;
}

export interface FailingImage {
  readonly image: string;
  readonly reason: string;
  readonly message: string;
  readonly nodes: number;
  readonly examples: readonly string[];
  readonly since: string;
}

/** As the resources tell it, each image and reason once, on the most nodes first. */
export function failingImages({ resources }: Pick<BoardModel, 'resources'>): readonly FailingImage[] {
  const worst = new Map<string, FailingImage>();
  for (const { status } of resources.values()) {
    for (const failure of status.failures) {
      const key = `${failure.reason} ${failure.image}`;
      const known = worst.get(key);
      if (known === undefined || known.nodes < failure.nodes) worst.set(key, failure);
    }
  }
  return [...worst.values()].sort((a, b) => b.nodes - a.nodes || (a.image < b.image ? -1 : 1));
}

/** `counts`: of all cells. */
export function headlineOf(model: BoardModel, counts: CountsByState): Headline {
  const { resources } = model;
  if (resources.size === 0) {
    return {
      tone: 'Empty',
      title: 'Nothing is asked for yet',
      detail: 'Create a Prefetch or a ClusterPrefetch, and what it asks for shows here.',
    };
  }
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const progress = `${countText(counts.Present)} of ${countText(all)} images on nodes are there`;
  const warm = [...resources.values()].filter(({ status }) => conditionOf(status, 'Warm')?.status === 'True').length;
  if (warm === resources.size) {
    return { tone: 'Warm', title: 'Everything is warm', detail: `${progress}; ${someText(warm, 'resource')}` };
  }
  const failing = failingImages(model);
  const toGo = missingBytes(model);
  const rest = all - counts.Present;
  const missing = `${progress}, ${countText(rest)} to go${toGo > 0 ? `, about ${bytesText(toGo)}` : ''}`;
  if (failing.length > 0) {
    const images = new Set(failing.map(({ image }) => image)).size;
    return {
      tone: 'Failing',
      title: images === 1 ? 'One image fails' : `${countText(images)} images fail`,
      detail: missing,
    };
  }
  return { tone: 'Warming', title: `${shareText(counts.Present, all)} warm`, detail: missing };
}

export function conditionOf(status: { readonly conditions: readonly Condition[] }, type: Condition['type']) {
  return status.conditions.find(condition => condition.type === type);
}

type Condition =
  BoardModel['resources'] extends Map<string, { readonly status: { conditions: (infer C)[] } }> ? C : never;

/** Of the images whose size is known. */
function missingBytes({ cells, images }: BoardModel): number {
  const missing = new Uint32Array(images.length);
  for (let cell = 0, column = 0; cell < cells.length; cell++) {
    const state = (cells[cell] as number) & 15;
    if (state !== NOTHING && state !== PRESENT) missing[column] = (missing[column] as number) + 1;
    column = column + 1 === images.length ? 0 : column + 1;
  }
  return images.reduce((sum, image, column) => sum + (image?.sizeBytes ?? 0) * (missing[column] as number), 0);
}

const NOTHING = NO_CELL & 15;
const PRESENT = packCell({ state: 'Present' }) & 15;
