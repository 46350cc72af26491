import { type ImageRef, MAX_IMAGES_PER_NODE, resourceName } from '@kube-prefetch/protocol';
import type { Cohort } from '../plans/group-nodes.ts';
import type { CellTally, FleetView } from './fleet-view.ts';
import { memoise, memoiseList } from '../memoise.ts';
import { mergeAsks } from '../plans/merge-asks.ts';

/** What one resource wants on one cohort: each image once, however many of its asks name it. The same object while nothing of it changes. */
export interface CohortShare {
  readonly cohort: Cohort;
  readonly tallies: ReadonlyMap<ImageRef, CellTally>;
  /** How many of its images the cohort's plan had no room for: they are in no plan, so nobody reports on them. */
  readonly leftOut: number;
}

/** For each resource, by name, the cohorts that its asks reach. */
export function cohortsByResource(fleet: FleetView): ReadonlyMap<string, readonly CohortShare[]> {
  const shares = new Map<string, CohortShare[]>();
  for (const cohort of fleet.cohorts()) {
    // Each image is looked up once: several resources share a cohort's cells.
    const { images, wishes } = wishesOf(cohort);
    const tallies = images.map(image => fleet.tally(cohort, image));
    for (const wish of wishes) {
      const share = shareOf(
        wish,
        wish.planned.map(at => tallies[at] as CellTally),
      );
      const known = shares.get(wish.resource);
      if (known === undefined) shares.set(wish.resource, [share]);
      else known.push(share);
    }
  }
  return shares;
}

/** What one resource wants on one cohort, before anybody reported. */
interface Wish {
  readonly cohort: Cohort;
  readonly resource: string;
  /** Where in the list of the cohort's planned images. */
  readonly planned: readonly number[];
  readonly images: readonly ImageRef[];
  readonly leftOut: number;
}

const wishesOf = memoise(
  (cohort: Cohort): { readonly images: readonly ImageRef[]; readonly wishes: readonly Wish[] } => {
    const { asks } = cohort;
    const items = asks.length > MAX_IMAGES_PER_NODE ? mergeAsks(asks).items : asks;
    const images = [...new Set(items.map(({ image }) => image))];
    const places = new Map(images.map((image, at) => [image, at]));
    const byName = Map.groupBy(asks, ({ resource }) => resourceName(resource));
    const wishes = [...byName].map(([resource, own]) => {
      const wanted = [...new Set(own.map(({ image }) => image))];
      const planned = wanted.flatMap(image => places.get(image) ?? []);
      return {
        cohort,
        resource,
        planned,
        images: planned.map(at => images[at] as ImageRef),
        leftOut: wanted.length - planned.length,
      };
    });
    return { images, wishes };
  },
);

const shareOf = memoiseList(({ cohort, images, leftOut }: Wish, tallies: readonly CellTally[]): CohortShare => {
  return { cohort, tallies: new Map(images.map((image, at) => [image, tallies[at] as CellTally])), leftOut };
});
