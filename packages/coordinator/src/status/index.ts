export type { WriteOutcome } from './bring-status.ts';
export { createStatusWriter, type StatusWriter } from './status-writer.ts';
