import { posix } from 'node:path';
import { linksOf } from './markdown.ts';

/** One question of a reader, and the pages that answer it. */
export interface Section {
  readonly title: string;
  /** From the repository's root. */
  readonly pages: readonly string[];
}

/** The sections below "Documentation" of README.md, in their order: the only list of pages there is. */
export function readingOrder(readme: string): readonly Section[] {
  const [, documentation = ''] = readme.split(/^## Documentation$/m);
  const [own = ''] = documentation.split(/^## /m);
  const [, ...sections] = own.split(/^### /m);
  return sections.map(section => {
    const [title = ''] = section.split('\n', 1);
    // Only the first cell of a row names a page, the second may mention others.
    const rows = section.split('\n').filter(line => line.startsWith('|'));
    const first = rows.flatMap(row => linksOf(row.split(' | ')[0] ?? '').slice(0, 1));
    return { title, pages: first.filter(target => target.endsWith('.md')).map(target => posix.normalize(target)) };
  });
}

/** Where a page of the repository is on the site, without an extension. */
export function sitePathOf(page: string): string {
  const inDocs = page.replace(/^docs\//, '');
  if (inDocs === 'README.md') return 'index';
  // Beside docs/security.md.
  if (inDocs === 'SECURITY.md') return 'reporting';
  const path = inDocs.replace(/\.md$/, '');
  if (page.startsWith('docs/')) return path.replace(/(^|\/)README$/, '$1index');
  return posix
    .basename(path === 'test/README' ? 'tests' : path.replace(/^.*charts\/[^/]+\/README$/, 'chart'))
    .toLowerCase();
}
