import { type Document, isNode, LineCounter, parseAllDocuments } from 'yaml';
import type { Path } from '../to-state/index.ts';

/** One document of a file, as plain data. */
export interface ManifestDocument {
  readonly value: unknown;
  /** Where the field is in the file, or its nearest parent that is there. */
  lineOf(path: Path): number;
}

export interface LineProblem {
  readonly line: number;
  readonly text: string;
}

export interface ParsedDocuments {
  readonly documents: readonly ManifestDocument[];
  readonly problems: readonly LineProblem[];
}

/** Aliases may repeat what is anchored, but not blow up a small file. */
const MAX_ALIAS_COUNT = 100;

/** The documents of a YAML or JSON file; empty ones are left out. Duplicate keys are problems, and tabs as indentation. */
export function parseDocuments(text: string): ParsedDocuments {
  const lineCounter = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter, merge: true, prettyErrors: false });
  const problems: LineProblem[] = [];
  const documents: ManifestDocument[] = [];
  for (const document of parsed) {
    const lineAt = (offset: number) => lineCounter.linePos(offset).line;
    const lineOf = (path: Path) => lineAt(offsetOf(document, path));
    const [error] = document.errors;
    if (error !== undefined) {
      problems.push({ line: lineAt(error.pos[0]), text: firstLine(error.message) });
      continue;
    }
    try {
      const value = plainData(document);
      if (value !== null) documents.push({ value, lineOf });
    } catch (error) {
      problems.push({ line: lineOf([]), text: firstLine((error as Error).message) });
    }
  }
  return { documents, problems };
}

/** Through JSON: what refers to itself, or is nested beyond reason, throws here and nowhere else. */
function plainData(document: Document): unknown {
  return JSON.parse(JSON.stringify(document.toJS({ maxAliasCount: MAX_ALIAS_COUNT })) ?? 'null') as unknown;
}

function offsetOf(document: Document, path: Path): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? message;
}
