export { createFleet, type Fleet } from './fleet.ts';
export type { ReportOutcome } from './judge-report.ts';
export { agentOf, type NodeRecord } from './node-record.ts';
export { imagesOf } from './planned-images.ts';
