import process from 'node:process';
import { runProject } from '../test/run-project.ts';
import { runSteps } from './run-steps.ts';
import { STEPS } from './steps.ts';

/** `npm run check`: what must hold before every commit, in under a minute. */
const failed = await runSteps(STEPS);
const unit = await runProject('unit', { reporter: 'dot' });
console.log(`${unit.failed === 0 ? 'ok    ' : 'FAILED'} unit tests (${unit.passed} passed, ${unit.failed} failed)`);
process.exitCode = failed.length === 0 && unit.failed === 0 ? 0 : 1;
