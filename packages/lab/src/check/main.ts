import process from 'node:process';
import { STEPS, UNIT_TESTS, runSteps } from './steps.ts';

/** `npm run check`: what must hold before every commit, in under a minute. */
const failed = await runSteps([...STEPS, UNIT_TESTS]);
process.exitCode = failed.length === 0 ? 0 : 1;
