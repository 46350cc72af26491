export type { WriteOutcome } from './write-status.ts';
export { createStatusWriter, type StatusWriter } from './status-writer.ts';
