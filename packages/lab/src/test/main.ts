import { readdir } from 'node:fs/promises';
import process from 'node:process';
import { STEPS, runSteps } from '../check/steps.ts';
import { type Purpose, needUpFront } from '../set-up/index.ts';
import { type ProjectResult, runProject } from './run-project.ts';
import { type Lane, stagesOf } from './stages.ts';

/**
 * `npm test`: the steps of `npm run check`, the unit tests and every folder under test/. Names on the command line choose
 * some (`npm test -- unit runtime`). Failures are printed once more at the end, and the last line counts what ran: a step that fails is one failure, and so is a folder in
 * which no test ran; with CI set, a skipped test is a failure too. Where two folders run at once, each line says whose it is.
 */
const chosen = process.argv.slice(2);
const folders = (await readdir('test', { withFileTypes: true })).filter(entry => entry.isDirectory());
const projects = ['unit', ...folders.map(folder => folder.name).sort()];
const unknown = chosen.filter(name => !projects.includes(name));
if (unknown.length > 0) {
  console.error(`npm test: no folder ${unknown.join(', ')}; there are ${projects.join(', ')}`);
  process.exit(2);
}

const running = projects.filter(project => chosen.length === 0 || chosen.includes(project));
await needUpFront(running as readonly Purpose[]);
const failedSteps = chosen.length === 0 ? await runSteps(STEPS) : [];
const results = new Map<string, ProjectResult & { readonly minutes: string }>();
for (const lanes of stagesOf(running)) {
  await Promise.all(lanes.map(lane => runInTurn(lane, lanes.length > 1)));
}

async function runInTurn(lane: Lane, labelled: boolean): Promise<void> {
  for (const project of lane) {
    console.log(`\n== ${project}`);
    const startedMs = performance.now();
    const result = await runProject(project, labelled);
    const minutes = ((performance.now() - startedMs) / 60_000).toFixed(1);
    console.log(`== ${project}: ${minutes} minutes`);
    results.set(project, { ...result, minutes });
  }
}

let passed = 0;
let failed = failedSteps.length;
console.log('');
for (const step of failedSteps) console.log(`${step.name}: FAILED`);
for (const project of running) {
  const result = results.get(project);
  if (result === undefined) continue;
  const skippedFailures = process.env.CI === undefined ? 0 : result.skipped;
  passed += result.passed;
  failed += result.failed + skippedFailures;
  console.log(
    `${project}: ${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped, ${result.minutes} minutes`,
  );
}
const failures = running.flatMap(project => results.get(project)?.failures ?? []);
if (failures.length > 0) console.log(`\nWhat failed:\n${failures.join('\n')}`);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
