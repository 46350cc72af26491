export { buildSite } from './build-site.ts';
export { serveFolder } from './serve-folder.ts';
