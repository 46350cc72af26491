export { createFleet, type Fleet } from './fleet.ts';
export type { ReportVerdict } from './judge-report.ts';
export type { NodeRecord } from './node-record.ts';
