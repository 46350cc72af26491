import type { CellReport } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { aCell } from '../../testing/index.ts';
import { explainWaits } from './explain-waits.ts';

const images = ['docker.io/a', 'docker.io/b', 'docker.io/c'];

test.each<[Partial<CellReport>, string | undefined]>([
  [{ waitingFor: 'Permit' }, 'waits for a permit: nobody gives one to n1 for docker.io/c'],
  [
    { waitingFor: 'Slot' },
    'waits for a slot: the node runs 2 pulls at once (parallelPulls); 2 of its images come first',
  ],
  [
    { waitingFor: 'Registry' },
    'waits for docker.io, which refused or failed a pull of this node: for a while the node pulls fewer of its images at once',
  ],
  [
    { waitingFor: 'Disk' },
    "waits for room: with it the images' file system would be fuller than the node's disk limit allows (disk.maxUsedPercent)",
  ],
  [
    { waitingFor: 'Credentials', waitingBecause: 'secret shop/x cannot be read now' },
    'waits for credentials: secret shop/x cannot be read now',
  ],
  [{ waitingFor: 'Held' }, undefined],
  [{ waitingFor: 'Suspended' }, undefined],
  [{ waitingFor: undefined }, undefined],
])('a cell with %o says what it waits for', (cell, sentence) => {
  const cells = images.map(image =>
    aCell({ image, state: 'Waiting', waitingFor: 'Slot', ...(image === images[2] && cell) }),
  );
  const cellOf = (image: string) => cells.find(one => one.image === image);
  const permitOf = (node: string, image: string) => `nobody gives one to ${node} for ${image}`;
  expect(explainWaits({ name: 'n1', images, cellOf }, { permitOf, parallelPulls: 2 })('docker.io/c')).toBe(sentence);
});
