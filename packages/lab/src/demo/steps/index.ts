import type { Step } from './step.ts';
import { allWarm } from './all-warm.ts';
import { comesBack } from './comes-back.ts';
import { editedManifest } from './edited-manifest.ts';
import { offline } from './offline.ts';
import { oneFails } from './one-fails.ts';

/** In the order they are shown; each starts from what the one before left. */
export const STEPS: readonly Step[] = [allWarm, oneFails, comesBack, editedManifest, offline];
