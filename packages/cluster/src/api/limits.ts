/** For everything but a watch. */
export const ANSWER_WITHIN_MS = 30_000;
/** How long a watch is asked to last; then the server ends it, which is routine. */
export const WATCH_SECONDS = 300;
