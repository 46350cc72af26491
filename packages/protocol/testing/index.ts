export { RULES } from '../src/resources/cross-field-rules.ts';
export { RESOURCE_CASES, type ResourceCase } from './resource-cases.ts';
