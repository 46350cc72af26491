import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';

interface BuiltPage {
  readonly file: string;
  readonly text: string;
  readonly anchors: ReadonlySet<string>;
}

/** What is wrong with a site that was built: links and anchors that lead nowhere, and what a browser would load from elsewhere. */
export async function checkSite(folder: string, base: string): Promise<readonly string[]> {
  const files = new Set(globSync('**/*', { cwd: folder }));
  const pages = await Promise.all(
    [...files].filter(file => file.endsWith('.html')).map(file => readPage(folder, file)),
  );
  const anchors = new Map(pages.map(page => [page.file, page.anchors]));
  const styles = await Promise.all(
    [...files].filter(file => file.endsWith('.css')).map(file => readStyle(folder, file)),
  );
  return [
    ...pages.flatMap(page => [
      ...brokenLinks(page, { files, anchors, base }),
      ...loadedFromElsewhere(page).map(target => `${page.file} loads ${target}`),
    ]),
    ...styles.flat(),
  ];
}

async function readPage(folder: string, file: string): Promise<BuiltPage> {
  const text = await readFile(join(folder, file), 'utf8');
  return { file, text, anchors: new Set([...text.matchAll(/\sid="([^"]+)"/g)].map(([, id = '']) => decoded(id))) };
}

interface Site {
  readonly files: ReadonlySet<string>;
  readonly anchors: ReadonlyMap<string, ReadonlySet<string>>;
  readonly base: string;
}

function brokenLinks({ file, text }: BuiltPage, { files, anchors, base }: Site): readonly string[] {
  const targets = [...text.matchAll(/\s(?:href|src)="([^"]*)"/g)].map(([, target = '']) => decoded(target));
  return [...new Set(targets)].flatMap(target => {
    if (/^([a-z]+:|\/\/)/.test(target)) return [];
    const [path = '', anchor] = target.split('#');
    const found = path === '' ? file : fileBehind(path, base, files);
    if (found === undefined) return [`${file} leads to ${target}, which is not there`];
    if (anchor === undefined || anchor === '' || anchors.get(found)?.has(decodeURIComponent(anchor))) return [];
    return [`${file} leads to ${target}, where no such part is`];
  });
}

function fileBehind(path: string, base: string, files: ReadonlySet<string>): string | undefined {
  if (!path.startsWith(base)) return undefined;
  const inside = path.slice(base.length);
  return [inside, `${inside}.html`, posix.join(inside, 'index.html')].find(name => name !== '' && files.has(name));
}

/** Scripts, styles, pictures and what is fetched ahead; a link that a person may follow is none of it. */
function loadedFromElsewhere({ text }: BuiltPage): readonly string[] {
  const tags = text.matchAll(/<(?:link|script|img|iframe|source|video|audio|object|embed)\b[^>]*>/g);
  const targets = [...tags].flatMap(([tag]) => [
    ...tag.matchAll(/\s(?:href|src|srcset|data)="((?:https?:)?\/\/[^"]*)"/g),
  ]);
  return targets.map(([, target = '']) => target);
}

async function readStyle(folder: string, file: string): Promise<readonly string[]> {
  const text = await readFile(join(folder, file), 'utf8');
  const found = text.matchAll(/(?:url\(|@import )["']?((?:https?:)?\/\/[^"')]*)/g);
  return [...found].map(([, target = '']) => `${file} loads ${target}`);
}

function decoded(attribute: string): string {
  return attribute.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'");
}
