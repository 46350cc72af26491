/** For waits of tests: long enough for a busy machine, so that only what never comes takes so long. */
export const SOON_MS = 240_000;
