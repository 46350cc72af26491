export { buildPage } from './build-page.ts';
export { bundle, NODE_ENV, NODE_FLAGS, type Program, PROGRAMS } from './bundle.ts';
export { packageFolders } from './collect-licences.ts';
