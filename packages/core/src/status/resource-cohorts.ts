import { type ImageRef, MAX_IMAGES_PER_NODE, resourceName } from '@kube-prefetch/protocol';
import type { Cohort } from '../plans/group-nodes.ts';
import type { CellTally, FleetView } from './fleet-view.ts';
import { mergeAsks } from '../plans/merge-asks.ts';

/** What one resource wants on one cohort: each image once, however many of its asks name it. */
export interface CohortShare {
  readonly cohort: Cohort;
  readonly tallies: ReadonlyMap<ImageRef, CellTally>;
  /** How many of its images the cohort's plan had no room for: they are in no plan, so nobody reports on them. */
  readonly leftOut: number;
}

/** For each resource, by name, the cohorts that its asks reach. */
export function cohortsByResource(fleet: FleetView): ReadonlyMap<string, readonly CohortShare[]> {
  const shares = fleet.cohorts().flatMap(cohort => sharesOf(cohort, fleet));
  const byName = Map.groupBy(shares, ({ name }) => name);
  return new Map([...byName].map(([name, named]) => [name, named.map(({ share }) => share)]));
}

function sharesOf(cohort: Cohort, fleet: FleetView): { name: string; share: CohortShare }[] {
  const tallies = tallyPlanned(cohort, fleet);
  return [...imagesByResource(cohort)].map(([name, images]) => {
    const planned = [...images].filter(image => tallies.has(image));
    const shared = new Map(planned.map(image => [image, tallies.get(image) as CellTally]));
    return { name, share: { cohort, tallies: shared, leftOut: images.size - planned.length } };
  });
}

/** Counts each image once: several resources share a cohort's cells. */
function tallyPlanned(cohort: Cohort, fleet: FleetView): ReadonlyMap<ImageRef, CellTally> {
  const images = cohort.asks.length > MAX_IMAGES_PER_NODE ? mergeAsks(cohort.asks).items : cohort.asks;
  return new Map([...new Set(images.map(({ image }) => image))].map(image => [image, fleet.tally(cohort, image)]));
}

function imagesByResource({ asks }: Cohort): ReadonlyMap<string, ReadonlySet<ImageRef>> {
  const byName = Map.groupBy(asks, ({ resource }) => resourceName(resource));
  return new Map([...byName].map(([name, named]) => [name, new Set(named.map(({ image }) => image))]));
}
