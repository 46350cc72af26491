import process from 'node:process';
import { runSteps } from './run-steps.ts';
import { STEPS, UNIT_TESTS } from './steps.ts';

/** `npm run check`: what must hold before every commit, in under a minute. */
const failed = await runSteps([...STEPS, UNIT_TESTS]);
process.exitCode = failed.length === 0 ? 0 : 1;
