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

export function titleOf(text: string): string | undefined {
  return /^# (.+)$/m.exec(withoutBlocks(text))?.[1]?.replaceAll('`', '');
}

function withoutBlocks(text: string): string {
  return text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '');
}
