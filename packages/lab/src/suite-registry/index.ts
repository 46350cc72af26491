export { type Behaviour, type Reaction, refusal } from './reaction.ts';
export type { SeenRequest, SeenRequests } from './seen-requests.ts';
export { type SuiteRegistry, startSuiteRegistry } from './start-suite-registry.ts';
