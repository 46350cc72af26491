import { stripVTControlCharacters, styleText } from 'node:util';

/** Where a command writes, and what is known of who reads it. */
export interface Terminal {
  /** Standard output: what was asked for. */
  out(text: string): void;
  /** Standard error: progress and what else a person should know. */
  err(text: string): void;
  /** A person looks at standard output, and it can be drawn anew. */
  readonly live: boolean;
  /** The same of standard error. */
  readonly errLive: boolean;
  readonly columns: () => number;
  readonly rows: () => number;
  /** Called when the window has another size; returns what ends that. */
  onResize(then: () => void): () => void;
  readonly paint: Paint;
  readonly paintErr: Paint;
}

export type Style = 'good' | 'bad' | 'busy' | 'dim' | 'bold';
export type Paint = (style: Style, text: string) => string;

export const plain: Paint = (_style, text) => text;

const STYLES = { good: 'green', bad: 'red', busy: 'yellow', dim: 'dim', bold: 'bold' } as const;

/** Colour only on a terminal, and not where NO_COLOR is set; Node looks at both. */
export function createTerminal({ stdout, stderr }: Pick<NodeJS.Process, 'stdout' | 'stderr'>): Terminal {
  const painter =
    (stream: NodeJS.WriteStream): Paint =>
    (style, text) =>
      styleText(STYLES[style], text, { stream });
  return {
    out: text => void stdout.write(text),
    err: text => void stderr.write(text),
    live: stdout.isTTY === true,
    errLive: stderr.isTTY === true,
    columns: () => stdout.columns ?? 120,
    rows: () => stdout.rows ?? 40,
    onResize(then) {
      stdout.on('resize', then);
      return () => stdout.off('resize', then);
    },
    paint: painter(stdout),
    paintErr: painter(stderr),
  };
}

/** Draws text anew from the top of a screen of its own, cut to the window; what was there before comes back at the end. */
export function createScreen(terminal: Terminal) {
  let shown = '';
  const draw = () => {
    const lines = shown.split('\n').slice(0, Math.max(1, terminal.rows() - 1));
    const cut = lines.map(line => cutLine(line, terminal.columns()));
    terminal.out(`\u001b[H${cut.map(line => `${line}\u001b[K\n`).join('')}\u001b[J`);
  };
  const stopFollowing = terminal.onResize(draw);
  terminal.out('\u001b[?1049h\u001b[?25l');
  return {
    show(text: string) {
      shown = text;
      draw();
    },
    /** The last state stays in the window's history. */
    close() {
      stopFollowing();
      terminal.out('\u001b[?25h\u001b[?1049l');
      terminal.out(shown);
    },
  };
}

const ESCAPE = '\u001b';
const COLOUR = new RegExp(`(${ESCAPE}\\[[0-9;]*m)`);

/** What of a line fits; colours take no room. */
export function cutLine(line: string, columns: number): string {
  if (stripVTControlCharacters(line).length <= columns) return line;
  let room = columns - 1;
  const parts = line.split(COLOUR);
  const kept = parts.map(part => {
    if (part.startsWith(ESCAPE)) return part;
    const piece = part.slice(0, Math.max(0, room));
    room -= part.length;
    return piece;
  });
  return `${kept.join('')}…`;
}
