export { onlyPlanned } from './only-planned.ts';
export { createPermits, type PermitLimits, type Permits } from './permits.ts';
