export { type BoundedCalls, createBoundedCalls } from './bounded-calls.ts';
export { type Clock, createBusyShare, dateOf, systemClock, timestamp, timestampAt, wallMsOf } from './clock.ts';
export { DeadlineExceeded, withDeadline } from './deadline.ts';
export { type Random, seededRandom, systemRandom } from './random.ts';
export { createRates, type RateBounds, type Rates } from './rates.ts';
export { backoffMs, createRetry, type Retry, type RetryBounds } from './retry.ts';
export { runTogether } from './run-together.ts';
export { type LinkedSignal, linkSignals, untilAborted } from './signals.ts';
export { createTrigger, type Trigger } from './trigger.ts';
