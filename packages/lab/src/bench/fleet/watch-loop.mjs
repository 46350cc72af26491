// Loaded into the coordinator's process before its own code: tells what only the process itself can measure. Not TypeScript: what
// Node needs to read that takes tens of MiB.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import { writeHeapSnapshot } from 'node:v8';

const RESOLUTION_MS = 10;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();
/** Node measures the timer's own interval as well. */
const inMs = nanoseconds => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);

const answers = {
  /** Since the last such question. */
  delays() {
    const measured = { p99Ms: inMs(delay.percentile(99)), maxMs: inMs(delay.max) };
    delay.reset();
    return measured;
  },
  memory: () => process.memoryUsage(),
  snapshot: ({ file }) => writeHeapSnapshot(file),
};

process.on('message', message => process.send({ id: message.id, answer: answers[message.do](message) }));
// The coordinator ends when its own work has.
process.channel.unref();
process.once('disconnect', () => process.exit(1));
