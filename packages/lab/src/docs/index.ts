export { buildSite } from './build-site.ts';
export { readBlock, runBlock } from './run-block.ts';
export { serveFolder } from './serve-folder.ts';
