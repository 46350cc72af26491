export { createSkippingClock, createVirtualClock, type VirtualClock } from './virtual-clock.ts';
