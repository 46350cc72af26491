// Loaded before a program: its wall clock is ahead by as many milliseconds as the file says. Its monotonic clock is not.
import { readFileSync } from 'node:fs';

const file = process.env.CLOCK_AHEAD_FILE;
const Real = Date;
let aheadMs = 0;
const read = () => {
  aheadMs = Number(readFileSync(file, 'utf8'));
};
read();
setInterval(read, 100).unref();

globalThis.Date = class extends Real {
  constructor(...args) {
    super(...(args.length === 0 ? [Real.now() + aheadMs] : args));
  }
  static now() {
    return Real.now() + aheadMs;
  }
};
