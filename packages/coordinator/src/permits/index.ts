export { paceOverview } from './pace-views.ts';
export { explainWaits } from './explain-waits.ts';
export { onlyPlanned } from './only-planned.ts';
export { pullEnds } from './pull-ends.ts';
export {
  createSlowRegistries,
  type PullOutcome,
  type RegistryRefusals,
  type SlowRegistries,
} from './slow-registries.ts';
export { createWaves, type Waves, type WaveSettings } from './wave-news.ts';
export { createPermits, type LimitUse, type Permits } from './permits.ts';
