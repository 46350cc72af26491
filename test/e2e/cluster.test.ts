import { afterAll, beforeAll, describe } from 'vitest';
import { type Fixture, startFixture } from './fixture.ts';
import { type Publisher, createPublisher } from './images.ts';
import { syncsWithArgocd } from './scenarios/argocd.ts';
import { answersTheCommandLine } from './scenarios/cli.ts';
import { survivesFailures } from './scenarios/failures.ts';
import { installs, showsItsViews } from './scenarios/install.ts';
import { isUpgraded, leaves } from './scenarios/leave.ts';
import { keepsPodsOffColdNodes } from './scenarios/gate.ts';
import { followsTags } from './scenarios/moving.ts';
import { followsNodes } from './scenarios/nodes.ts';
import { survivesWithoutRegistry } from './scenarios/offline.ts';
import { pullsWithCredentials } from './scenarios/private.ts';
import { servesTheOriginal } from './scenarios/original.ts';
import { findsRollouts } from './scenarios/rollouts.ts';
import { usesItsRights } from './scenarios/rights.ts';
import { isScraped } from './scenarios/scrape.ts';
import { agreesWithTools } from './scenarios/waits.ts';
import { warms } from './scenarios/warm.ts';
import { readsWhatIsWritten } from './scenarios/written.ts';

/** The life of one installation on one cluster: each part goes on where the one before it ended. */
describe('on three real nodes', () => {
  let started: Awaited<ReturnType<typeof startFixture>> | undefined;
  let publisher: Publisher | undefined;
  beforeAll(async () => {
    started = await startFixture();
    publisher = createPublisher(started.fixture.cluster.registry);
  });
  afterAll(() => started?.close());
  const fixture = (): Fixture => started?.fixture ?? fail();
  const publish = (): Publisher => publisher ?? fail();

  installs(fixture);
  const warm = warms(fixture, publish);
  showsItsViews(fixture, warm);
  answersTheCommandLine(fixture, publish, warm);
  agreesWithTools(fixture, publish);
  syncsWithArgocd(fixture, publish);
  isScraped(fixture, publish);
  readsWhatIsWritten(fixture, publish);
  followsTags(fixture, publish);
  findsRollouts(fixture, publish);
  followsNodes(fixture, publish, warm);
  keepsPodsOffColdNodes(fixture, publish);
  pullsWithCredentials(fixture, publish);
  servesTheOriginal(fixture, publish);
  survivesWithoutRegistry(fixture, publish, warm);
  const apiServerAway = survivesFailures(fixture, publish, warm);
  isUpgraded(fixture, warm);
  usesItsRights(fixture, apiServerAway);
  leaves(fixture, warm);
});

function fail(): never {
  throw new Error('there is no cluster: it did not start');
}
