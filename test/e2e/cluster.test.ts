import { afterAll, beforeAll, describe } from 'vitest';
import type { Ground } from './ground.ts';
import { createPublisher, type Publisher } from './images.ts';
import { survivesFailures } from './scenarios/failures.ts';
import { installs } from './scenarios/install.ts';
import { isUpgraded, leaves } from './scenarios/leave.ts';
import { followsNodes } from './scenarios/nodes.ts';
import { survivesWithoutRegistry } from './scenarios/offline.ts';
import { usesItsRights } from './scenarios/rights.ts';
import { isScraped } from './scenarios/scrape.ts';
import { warms } from './scenarios/warm.ts';
import { startGround } from './start-ground.ts';

/** The life of one installation on one cluster: each part goes on where the one before it ended. */
describe('on three real nodes', () => {
  let started: Awaited<ReturnType<typeof startGround>> | undefined;
  let publisher: Publisher | undefined;
  beforeAll(async () => {
    started = await startGround();
    publisher = createPublisher(started.ground.cluster.registry);
  });
  afterAll(() => started?.close());
  const ground = (): Ground => started?.ground ?? fail();
  const publish = (): Publisher => publisher ?? fail();

  installs(ground);
  const warm = warms(ground, publish);
  isScraped(ground);
  followsNodes(ground, publish, warm);
  survivesWithoutRegistry(ground, publish, warm);
  survivesFailures(ground, publish, warm);
  isUpgraded(ground, warm);
  usesItsRights(ground);
  leaves(ground, warm);
});

function fail(): never {
  throw new Error('there is no cluster: it did not start');
}
