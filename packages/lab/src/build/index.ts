export { bundle, NODE_ENV, NODE_FLAGS, type Program, PROGRAMS } from './bundle.ts';
