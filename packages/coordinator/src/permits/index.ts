export { onlyPlanned } from './only-planned.ts';
export { createSlowRegistries, type PullOutcome, type SlowRegistries } from './slow-registries.ts';
export { createWaves, type Waves, type WaveSettings } from './waves.ts';
export { createPermits, type Permits } from './permits.ts';
