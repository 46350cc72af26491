import { scratchFolder } from '../machine/index.ts';
import { type DemoOptions, HELP, readOptions } from './options.ts';
import { STEPS } from './steps/index.ts';
import { showSteps } from './steps/step.ts';
import { logTails, summarise } from './summary.ts';
import { type RunningSystem, startSystem } from './system/start-system.ts';
import { seconds } from './view/describe.ts';
import { type Screen, createScreen } from './view/screen.ts';

const INTERRUPTED = 130;

// Not merely the exit code: whatever may still run must not keep us, and the guard ends it with us.
process.exit(await main(process.argv.slice(2)));

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = readOptions(args);
    if (!options.help) return await demo(options, createScreen(process.stdout), interruption());
    process.stdout.write(HELP);
    return 0;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return 1;
  }
}

async function demo(options: DemoOptions, screen: Screen, signal: AbortSignal): Promise<number> {
  const startedMs = performance.now();
  const scratch = scratchFolder('kube-prefetch-demo');
  let system: RunningSystem | undefined;
  try {
    system = await startSystem({ dir: scratch.path, infrastructures: options.infrastructures, screen, signal });
    const outcomes = await showSteps(STEPS, system);
    if (!options.keep) screen.freeze();
    const partly = outcomes.some(({ notShown }) => notShown !== undefined) ? ' as far as they could be shown' : '';
    screen.say(`\nAll ${STEPS.length} steps held${partly}, ${seconds(performance.now() - startedMs)} after the start.`);
    for (const line of summarise(system, outcomes)) screen.say(line);
    if (options.keep) await keepRunning(system, scratch.path, signal);
    return 0;
  } catch (error) {
    if (signal.aborted) screen.say('\nInterrupted.');
    else for (const line of [`\nFailed: ${(error as Error).message}`, ...logTails(scratch.path)]) screen.say(line);
    return signal.aborted ? INTERRUPTED : 1;
  } finally {
    screen.freeze();
    await system?.close();
    scratch.remove();
    screen.say('Everything that was started is stopped and removed.');
  }
}

async function keepRunning(system: RunningSystem, dir: string, signal: AbortSignal): Promise<void> {
  await system.infrastructure.registry.start();
  const { say } = system.screen;
  const { admin, ops } = system.coordinator.urls;
  say(`\nLeft running until Ctrl-C, the registry started again:`);
  say(`  overview   curl ${admin}/v1/overview`);
  say(`  metrics    curl ${ops}/metrics`);
  say(`  manifests  ${system.manifests.dir}: edit them and watch`);
  say(`  sockets, logs, state, status files  ${dir}`);
  await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Aborts on the first Ctrl-C or SIGTERM; a second one ends at once, and the guard clears up after us. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(INTERRUPTED);
      controller.abort(new Error(`interrupted by ${name}`));
    });
  }
  return controller.signal;
}
