export { need, needUpFront } from './need.ts';
export type { Purpose } from './needs.ts';
