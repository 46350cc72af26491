/** What the checks of pages and the site that is built of them read in Markdown. Pure: the site's configuration loads it too. */

/** Code blocks and code spans: nothing in them is a link. */
const CODE = /(^ *```[\s\S]*?^ *```|`[^`\n]*`)/m;
const INLINE = /(?<=\]\()([^)\s]+)(?=[^)]*\))/g;
const REFERENCE = /(?<=^\[[^\]]+\]:\s+)(\S+)/gm;

/** Targets of links and pictures, in order. */
export function linksOf(text: string): readonly string[] {
  const found: string[] = [];
  mapLinks(text, target => {
    found.push(target);
    return target;
  });
  return found;
}

/** The text with each target of a link or picture replaced. */
export function mapLinks(text: string, replace: (target: string) => string): string {
  return text
    .split(CODE)
    .map((part, index) => (index % 2 === 1 ? part : part.replaceAll(INLINE, replace).replaceAll(REFERENCE, replace)))
    .join('');
}

/** What GitHub makes of a heading. */
export function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

/** The anchors of a page: one for each heading, `-1` behind one that is there already. */
export function anchorsOf(text: string): readonly string[] {
  const seen = new Map<string, number>();
  return [...withoutBlocks(text).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => {
    const slug = slugOf(heading);
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  });
}

/** Commands of a page that a reader may paste into a shell. */
export interface ShellBlock {
  readonly commands: string;
  /** `<!-- run by test/x.test.ts -->` on the line above. */
  readonly runBy: readonly string[];
  /** What stands below it in the text, so that readers see it: why no test runs it, or not all of it. */
  readonly notRun: string | undefined;
}

const SHELL =
  /^(?:<!-- run by ([^\n]+?) -->\n)?```(?:sh|bash|shell|console)\n(.*?)^```\n(?:\n\*Not run by a test: ([^*\n]+)\*$)?/gms;

export function shellBlocksOf(text: string): readonly ShellBlock[] {
  return [...text.matchAll(SHELL)].map(([, runBy, commands = '', notRun]) => {
    return { commands, runBy: runBy?.split(', ') ?? [], notRun };
  });
}

/** The one block of a page that begins so. */
export function blockOf(text: string, start: string): ShellBlock {
  const [block, ...more] = shellBlocksOf(text).filter(({ commands }) => commands.startsWith(start));
  if (block !== undefined && more.length === 0) return block;
  throw new Error(
    `expected one block of commands that begins with ${start}, found ${block ? more.length + 1 : 'none'}`,
  );
}

export interface BlockChanges {
  /** What a test says in the place of a word of the page, such as a name of the reader's own. */
  readonly instead?: Readonly<Record<string, string>>;
  /** What a test leaves out, and with it the line that begins so. The page has to say that below the block. */
  readonly leftOut?: readonly string[];
}

/** The commands of a block as a test runs them. */
export function changedCommands(block: ShellBlock, { instead = {}, leftOut = [] }: BlockChanges): string {
  const all = { ...instead, ...Object.fromEntries(leftOut.map(text => [text, ''])) };
  for (const text of Object.keys(all))
    if (!block.commands.includes(text)) throw new Error(`expected ${text} in:\n${block.commands}`);
  if (leftOut.length > 0 && block.notRun === undefined)
    throw new Error(`expected the page to say that no test runs ${leftOut.join(', ')} of:\n${block.commands}`);
  const whole = leftOut.map(text => `^${escaped(text)}(?:.*\\\\\n)*.*\n`);
  const parts = Object.keys(all).map(text => `(?<!\\w)${escaped(text)}(?!\\w)`);
  if (parts.length === 0) return block.commands;
  // All at once: nothing that was put in is looked at again.
  return block.commands.replaceAll(new RegExp([...whole, ...parts].join('|'), 'gm'), found => all[found] ?? '');
}

function escaped(text: string): string {
  return text.replaceAll(/[^\w\s]/g, '\\$&');
}

/** Where a test's source runs a block of a page: `runBlock('docs/x.md', 'kubectl get'`. */
export function blockRunsOf(source: string): readonly { readonly page: string; readonly start: string }[] {
  const runs = source.matchAll(/\b(?:runBlock|readBlock)\(\s*'([^']+)',\s*(['"`])(.+?)\2/g);
  return [...runs].map(([, page = '', , start = '']) => ({ page, start }));
}

/** Whatever of a page may be a command: lines of shell blocks, lines behind a prompt, and what stands as code in the text. */
export function linesOfCode(text: string): readonly string[] {
  const blocks = shellBlocksOf(text).flatMap(({ commands }) => commands.replaceAll('\\\n', ' ').trim().split('\n'));
  const prompts = [...text.matchAll(/^\$ (.+)$/gm)].map(([, line = '']) => line);
  const spans = [...withoutBlocks(text).matchAll(/`([^`]+)`/g)].map(([, span = '']) => span);
  return [...blocks, ...prompts, ...spans];
}

export function titleOf(text: string): string | undefined {
  return /^# (.+)$/m.exec(withoutBlocks(text))?.[1]?.replaceAll('`', '');
}

function withoutBlocks(text: string): string {
  return text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '');
}
