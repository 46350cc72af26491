import { type ImageRef, resourceName } from '@kube-prefetch/protocol';
import type { Cohort } from '../cohort.ts';
import type { CellTally, FleetView } from '../fleet-view.ts';
import type { CohortShare } from './count-cells.ts';

/** For each resource, by name, the cohorts that its asks reach. */
export function shareCohorts(fleet: FleetView): ReadonlyMap<string, readonly CohortShare[]> {
  const shares = new Map<string, CohortShare[]>();
  for (const cohort of fleet.cohorts()) {
    const tallies = new Map<ImageRef, CellTally>();
    for (const [name, images] of imagesByResource(cohort)) {
      const share = {
        cohort,
        images,
        tallies: new Map(images.map(image => [image, tallyOnce(fleet, cohort, image, tallies)])),
      };
      const known = shares.get(name);
      if (known === undefined) shares.set(name, [share]);
      else known.push(share);
    }
  }
  return shares;
}

function imagesByResource({ asks }: Cohort): ReadonlyMap<string, readonly ImageRef[]> {
  const images = new Map<string, Set<ImageRef>>();
  for (const { resource, image } of asks) {
    const name = resourceName(resource);
    const known = images.get(name);
    if (known === undefined) images.set(name, new Set([image]));
    else known.add(image);
  }
  return new Map([...images].map(([name, set]) => [name, [...set]]));
}

/** Several resources share a cohort's cells. */
function tallyOnce(fleet: FleetView, cohort: Cohort, image: ImageRef, tallies: Map<ImageRef, CellTally>): CellTally {
  const tally = tallies.get(image) ?? fleet.tally(cohort, image);
  tallies.set(image, tally);
  return tally;
}
