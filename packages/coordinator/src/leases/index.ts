export { createLeases, type LeaseLimits, type Leases } from './leases.ts';
