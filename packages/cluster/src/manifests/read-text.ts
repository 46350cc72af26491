import { KNOWN_KINDS } from '../workload-kinds/known-kinds.ts';
import { createKindReaders, type KindReaders, type ManifestObject } from './kind-readers.ts';
import { type LineProblem, parseDocuments } from './parse-documents.ts';
import { type PassedOver, readObjects } from './read-objects.ts';

/** The contents of one file. */
export interface FileReading {
  readonly objects: readonly ManifestObject[];
  /** A file with problems is broken: `objects` holds only those that could be read. */
  readonly problems: readonly LineProblem[];
  readonly passedOver: readonly PassedOver[];
}

const MAX_PROBLEMS_PER_FILE = 20;
const KNOWN_READERS = createKindReaders(KNOWN_KINDS);

/** Reads the contents of a manifest file. Never throws. */
export function readText(bytes: Uint8Array, readers: KindReaders = KNOWN_READERS): FileReading {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return broken('expected UTF-8 text, got something else');
  }
  const nul = text.indexOf('\0');
  if (nul !== -1) return broken('expected text, got a NUL character', text.slice(0, nul).split('\n').length);
  const parsed = parseDocuments(text);
  const told = /\bSecret\b/.test(text) ? parsed.problems.map(withoutQuote) : parsed.problems;
  const read = parsed.documents.map(document => readObjects(document, readers));
  return {
    objects: read.flatMap(({ objects }) => objects),
    problems: [...told, ...read.flatMap(({ problems }) => problems)].slice(0, MAX_PROBLEMS_PER_FILE),
    passedOver: read.flatMap(({ passedOver }) => passedOver),
  };
}

/** The parser quotes the file after a colon. */
function withoutQuote({ line, text }: LineProblem): LineProblem {
  return { line, text: text.split(':', 1)[0] ?? '' };
}

/** A file without objects, and with one problem. */
export function broken(text: string, line = 1): FileReading {
  return { objects: [], problems: [{ line, text }], passedOver: [] };
}
