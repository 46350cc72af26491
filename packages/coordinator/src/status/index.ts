export { WRITE_OUTCOMES, type WriteOutcome } from './write-and-announce.ts';
export { createStatusWriter, type StatusWriter } from './status-writer.ts';
