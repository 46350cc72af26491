export { createPermits, type PermitLimits, type Permits } from './permits.ts';
