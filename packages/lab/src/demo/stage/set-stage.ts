import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '../../machine/index.ts';
import { chooseGround, type GroundKind } from '../ground/choose-ground.ts';
import type { Screen } from '../view/screen.ts';
import { type DemoImage, demoImages } from './demo-images.ts';
import { exampleNodes, prepareManifests } from './place-manifests.ts';
import { readFleet } from './read-fleet.ts';
import type { Stage } from './stage.ts';
import type { RunningCoordinator } from './start-coordinator.ts';
import { startPrograms } from './start-programs.ts';
import { keepLooking, shownLook } from './watch-fleet.ts';

const PATIENCE_MS = 180_000;

export interface StageOptions {
  /** A scratch folder. */
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
export async function setStage(options: StageOptions): Promise<SetStage> {
  const { dir, screen, signal } = options;
  await using stack = new AsyncDisposableStack();
  const { ground, images } = await prepareGround(options);
  stack.defer(() => ground.close());
  const { address } = ground.registry;
  const names = ground.nodes.map(({ name }) => name);
  const manifests = prepareManifests(join(dir, 'manifests'), address, names);
  manifests.placeSurroundings();

  screen.say('Starting the coordinator and an agent for each node.');
  const coordinator = await startPrograms({ dir, manifests: manifests.dir, ground, signal }, stack);
  const fleet = shownLook(() => readFleet(coordinator.urls.admin), screen, address);
  const died = new AbortController();
  void coordinator.child.exited.then(() => died.abort(new Error('the coordinator exited')));
  const gone = AbortSignal.any([signal, died.signal]);
  const until: Stage['until'] = (condition, what, timeoutMs = PATIENCE_MS) =>
    waitUntil(condition, what, timeoutMs, { signal: gone });
  await until(async () => (await fleet()).every(view => view.agent === 'Reporting'), 'every agent to report');

  const stopped = new AbortController();
  const looking = keepLooking(fleet, AbortSignal.any([signal, stopped.signal]));
  stack.defer(() => {
    stopped.abort();
    return looking;
  });
  const pause: Stage['pause'] = ms => sleep(ms, undefined, { signal });
  const set = stack.move();
  return { ground, images, manifests, screen, fleet, until, pause, coordinator, close: () => set.disposeAsync() };
}

async function prepareGround({ dir, grounds, screen, signal }: StageOptions) {
  screen.say('Starting a registry and container runtimes, with images made on the spot.');
  let images: readonly DemoImage[] = [];
  const make = (address: string, program: Buffer) => {
    images = demoImages(address, program);
    return images;
  };
  const ground = await chooseGround(grounds, { dir, nodes: exampleNodes(), make, say: screen.say, signal });
  screen.say(`Playing on ${ground.description} (${ground.registry.address}).`);
  return { ground, images };
}
