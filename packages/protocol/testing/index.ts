export { RULES } from '../src/resources/rules.ts';
export { RESOURCE_CASES, type ResourceCase } from './resource-cases.ts';
