import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '../../machine/index.ts';
import { type InfrastructureKind, chooseInfrastructure } from '../infrastructure/choose-infrastructure.ts';
import { type DemoImage, demoImages } from '../infrastructure/demo-images.ts';
import type { Screen } from '../view/screen.ts';
import { keepLooking, readFleet, shownLook } from './fleet.ts';
import { exampleNodes, prepareManifests } from './manifests.ts';
import { type RunningCoordinator, startPrograms } from './start-coordinator.ts';
import type { DemoSystem } from './system.ts';

const PATIENCE_MS = 180_000;

export interface SystemOptions {
  /** A scratch folder. */
  readonly dir: string;
  readonly infrastructures: readonly InfrastructureKind[];
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

export interface RunningSystem extends DemoSystem {
  readonly coordinator: RunningCoordinator;
  close(): Promise<void>;
}

/** Registry, runtimes, coordinator and agents, up and idle: no manifest asks for an image yet. */
export async function startSystem(options: SystemOptions): Promise<RunningSystem> {
  const { dir, screen, signal } = options;
  await using stack = new AsyncDisposableStack();
  const { infrastructure, images } = await prepareInfrastructure(options);
  stack.defer(() => infrastructure.close());
  const { address } = infrastructure.registry;
  const names = infrastructure.nodes.map(({ name }) => name);
  const manifests = prepareManifests(join(dir, 'manifests'), address, names);
  manifests.placeSurroundings();

  screen.say('Starting the coordinator and an agent for each node.');
  const coordinator = await startPrograms({ dir, manifests: manifests.dir, infrastructure, signal }, stack);
  const fleet = shownLook(() => readFleet(coordinator.urls.admin), screen, address);
  const died = new AbortController();
  void coordinator.child.exited.then(() => died.abort(new Error('the coordinator exited')));
  const gone = AbortSignal.any([signal, died.signal]);
  const until: DemoSystem['until'] = (condition, what, timeoutMs = PATIENCE_MS) =>
    waitUntil(condition, what, timeoutMs, { signal: gone });
  await until(async () => (await fleet()).every(view => view.agent === 'Reporting'), 'every agent to report');

  const stopped = new AbortController();
  const looking = keepLooking(fleet, AbortSignal.any([signal, stopped.signal]));
  stack.defer(() => {
    stopped.abort();
    return looking;
  });
  const pause: DemoSystem['pause'] = ms => sleep(ms, undefined, { signal });
  const set = stack.move();
  return {
    infrastructure,
    images,
    manifests,
    screen,
    fleet,
    until,
    pause,
    coordinator,
    close: () => set.disposeAsync(),
  };
}

async function prepareInfrastructure({ dir, infrastructures, screen, signal }: SystemOptions) {
  screen.say('Starting a registry and container runtimes, with images made on the spot.');
  let images: readonly DemoImage[] = [];
  const make = (address: string, program: Buffer) => {
    images = demoImages(address, program);
    return images;
  };
  const infrastructure = await chooseInfrastructure(infrastructures, {
    dir,
    nodes: exampleNodes(),
    make,
    say: screen.say,
    signal,
  });
  screen.say(`Running on ${infrastructure.description} (${infrastructure.registry.address}).`);
  return { infrastructure, images };
}
