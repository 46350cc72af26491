export { type Behaviour, type Reaction, refusal } from './reaction.ts';
export type { SeenRequest, SeenRequests } from './seen-requests.ts';
export { type ScriptedRegistry, startScriptedRegistry } from './start-scripted-registry.ts';
