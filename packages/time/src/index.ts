export { type BackoffBounds, backoffMs } from './backoff.ts';
export { type Clock, dateOf, timestamp } from './clock.ts';
export { DeadlineExceeded, withDeadline } from './deadline.ts';
export { type LinkedSignal, linkSignals } from './link-signals.ts';
export { type Random, seededRandom, systemRandom } from './random.ts';
export { systemClock } from './system-clock.ts';
export { createTrigger, type Trigger } from './trigger.ts';
export { untilAborted } from './until-aborted.ts';
export { createVirtualClock, type VirtualClock } from './virtual-clock.ts';
