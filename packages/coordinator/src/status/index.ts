export { createStatusWriter, type StatusWriter, type WriteOutcome } from './status-writer.ts';
