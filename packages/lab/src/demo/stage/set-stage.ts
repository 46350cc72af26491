import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Say, waitUntil } from '../../machine/index.ts';
import { chooseGround, type GroundKind } from '../ground/choose-ground.ts';
import type { Ground } from '../ground/ground.ts';
import type { Screen } from '../view/screen.ts';
import { type DemoImage, demoImages } from './demo-images.ts';
import { exampleNodes, prepareManifests } from './place-manifests.ts';
import { readFleet } from './read-fleet.ts';
import type { Stage } from './stage.ts';
import { type RunningCoordinator, startCoordinatorProgram } from './start-coordinator.ts';

const PATIENCE_MS = 90_000;

export interface StageOptions {
  readonly dir: string;
  readonly grounds: readonly GroundKind[];
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

export interface SetStage extends Stage {
  readonly coordinator: RunningCoordinator;
  close(): Promise<void>;
}

/** Registry, runtimes, coordinator and agents, up and idle: no manifest asks for an image yet. */
export async function setStage({ dir, grounds, screen, signal }: StageOptions): Promise<SetStage> {
  await using stack = new AsyncDisposableStack();
  const { ground, images } = await prepareGround(dir, grounds, screen.say);
  stack.defer(() => ground.close());
  screen.say(`On ${ground.description} (${ground.registry.address}).`);
  signal.throwIfAborted();

  const names = ground.nodes.map(({ name }) => name);
  const manifests = prepareManifests(join(dir, 'manifests'), ground.registry.address, names);
  manifests.placeSurroundings();
  const coordinator = await startCoordinatorProgram(join(dir, 'coordinator'), manifests.dir);
  stack.defer(async () => void (await coordinator.child.stop()));
  await Promise.all(
    ground.nodes.map(async node => {
      const place = { coordinator: coordinator.urls.agents, dir: join(dir, `agent-of-${node.name}`) };
      const agent = await node.startAgent(place);
      stack.defer(async () => void (await agent.stop()));
    }),
  );

  const fleet = () => readFleet(coordinator.urls.admin);
  const until: Stage['until'] = (condition, what, timeoutMs = PATIENCE_MS) =>
    waitUntil(condition, what, timeoutMs, { child: coordinator.child, signal });
  await until(async () => (await fleet()).every(view => view.agent === 'Reporting'), 'every agent to report');
  const stopped = new AbortController();
  const watching = keepShowing(fleet, screen, ground, AbortSignal.any([signal, stopped.signal]));
  stack.defer(() => {
    stopped.abort();
    return watching;
  });
  const set = stack.move();
  return {
    ground,
    images,
    manifests,
    screen,
    coordinator,
    fleet,
    until,
    pause: ms => sleep(ms, undefined, { signal }),
    close: () => set.disposeAsync(),
  };
}

async function prepareGround(dir: string, grounds: readonly GroundKind[], say: Say) {
  const nodes = exampleNodes();
  let images: readonly DemoImage[] = [];
  const make = (address: string, program: Buffer) => {
    images = demoImages(address, program);
    return images;
  };
  const ground = await chooseGround(grounds, { dir, nodes, make, say });
  return { ground, images };
}

const SHOW_EVERY_MS = 150;

/** The table follows the fleet until the signal; a look that fails is no news. */
async function keepShowing(fleet: Stage['fleet'], screen: Screen, ground: Ground, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const views = await fleet().catch(() => undefined);
    if (views !== undefined && !signal.aborted) screen.show(views, ground.registry.address);
    await sleep(SHOW_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}
