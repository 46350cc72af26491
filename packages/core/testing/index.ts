export { aNode, aPod, aResource, aState, aWorkload } from './builders.ts';
