import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, extname, join, posix } from 'node:path';
import { runProgram } from '../machine/index.ts';
import { linksOf, mapLinks, titleOf } from './markdown.ts';
import { readingOrder, sitePathOf } from './reading-order.ts';

/** What the site's configuration reads. */
export interface SiteIndex {
  readonly sidebar: readonly SidebarGroup[];
}

interface SidebarGroup {
  readonly text: string;
  readonly items: readonly { readonly text: string; readonly link: string }[];
}

/** Of files behind links that are no pages. */
const FILES = 'files';
/** Of all files of a folder together, up to which the page of the folder shows them. */
const MAX_SHOWN_BYTES = 32 * 1024;

/**
 * Writes the site's pages to `out`: those that README.md lists and what they lead to, their links made links of the site. A
 * file or folder that is no page becomes one, so that nothing leads out of the site. Answers the index beside them.
 */
export async function writePages(root: string, out: string): Promise<SiteIndex> {
  await rm(out, { recursive: true, force: true });
  const sections = readingOrder(await readFile(join(root, 'README.md'), 'utf8'));
  const waiting = new Set(['README.md', ...sections.flatMap(section => section.pages)]);
  const titles = new Map<string, string>();
  // A set gives what is added while it is walked.
  for (const path of waiting) {
    const { file, text, leadsTo } = await pageFor(root, path);
    titles.set(path, titleOf(text) ?? path);
    for (const target of leadsTo) waiting.add(target);
    await write(join(out, file), text);
  }
  const itemOf = (page: string) => ({ text: titles.get(page) ?? page, link: linkTo(page) });
  const groups = sections.map(({ title, pages }) => ({ text: title, items: pages.map(itemOf) }));
  const overview = { text: 'Overview', link: '/' };
  return {
    sidebar: groups.map((group, index) => (index > 0 ? group : { ...group, items: [overview, ...group.items] })),
  };
}

interface Page {
  readonly file: string;
  readonly text: string;
  /** Paths from the repository's root. */
  readonly leadsTo: readonly string[];
}

async function pageFor(root: string, path: string): Promise<Page> {
  if ((await stat(join(root, path))).isDirectory()) return folderPage(root, path);
  const text = await readFile(join(root, path), 'utf8');
  if (extname(path) !== '.md') return { file: `${FILES}/${path}.md`, text: filePage(path, text), leadsTo: [] };
  const local = linksOf(text).filter(isLocal);
  return {
    file: `${sitePathOf(path)}.md`,
    text: mapLinks(text, target => onSite(path, target)),
    leadsTo: local.map(target => fileOf(path, target)).filter(target => !isPicture(target)),
  };
}

function isLocal(target: string): boolean {
  return !/^([a-z]+:|#)/.test(target);
}

/** Pictures keep their place beside the pages: the builder takes them from there. */
function isPicture(path: string): boolean {
  return ['.svg', '.png'].includes(extname(path));
}

function fileOf(page: string, target: string): string {
  return posix.join(posix.dirname(page), target.split('#')[0] ?? '').replace(/\/$/, '');
}

/** A link of a page, as the site has it. */
export function onSite(page: string, target: string): string {
  if (!isLocal(target)) return target;
  const file = fileOf(page, target);
  const [, anchor] = target.split('#');
  const hash = anchor === undefined ? '' : `#${anchor}`;
  if (isPicture(file)) return `/${file}`;
  return `${extname(file) === '.md' ? linkTo(file) : `/${FILES}/${file}`}${hash}`;
}

function linkTo(page: string): string {
  return `/${sitePathOf(page).replace(/(^|\/)index$/, '$1')}`;
}

const NOT_FOUND_BY_SEARCH = '---\nsearch: false\noutline: false\n---\n';

function filePage(path: string, text: string): string {
  return `${NOT_FOUND_BY_SEARCH}# ${posix.basename(path)}\n\n\`${path}\`\n\n${codeBlock(path, text)}`;
}

async function folderPage(root: string, path: string): Promise<Page> {
  const listed = await runProgram('git', ['-C', root, 'ls-files', '-z', '--', path]);
  const names = listed.split('\0').filter(name => name !== '');
  const texts = await Promise.all(names.map(name => readFile(join(root, name), 'utf8')));
  const bytes = texts.reduce((total, text) => total + text.length, 0);
  const shown = names.map((name, index) => {
    const title = `\`${posix.relative(path, name)}\``;
    return bytes > MAX_SHOWN_BYTES ? `- ${title}` : `## ${title}\n\n${codeBlock(name, texts[index] ?? '')}`;
  });
  const text = `${NOT_FOUND_BY_SEARCH}# ${path}\n\n${shown.join('\n')}\n`;
  return { file: `${FILES}/${path}.md`, text, leadsTo: [] };
}

const LANGUAGES: Readonly<Record<string, string>> = { '.ts': 'ts', '.yaml': 'yaml', '.gotmpl': 'go-template' };

/** Four backticks, since a file may hold a block itself. */
function codeBlock(path: string, text: string): string {
  return `\`\`\`\`${LANGUAGES[extname(path)] ?? 'text'}\n${text.trimEnd()}\n\`\`\`\`\n`;
}

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
