export { arbitraryNode, arbitraryState } from './arbitraries.ts';
export { aNode, aPod, aResource, aState, aWorkload } from './builders.ts';
export { aFleet, type CellSaid } from './fleet.ts';
