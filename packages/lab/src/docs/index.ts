export { buildSite } from './build-site.ts';
export { shellBlocksOf } from './markdown.ts';
export { serveFolder } from './serve-folder.ts';
