import { errorText } from '@kube-prefetch/protocol';
import { type Document, isNode, LineCounter, parseAllDocuments } from 'yaml';
import type { Path } from '../to-state/index.ts';

/** One document of a file, as plain data. */
export interface ManifestDocument {
  readonly value: unknown;
  /** The line of the field, or of its nearest parent that the file has. */
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

/** Keeps a small file from growing without bound through aliases. */
const MAX_ALIAS_COUNT = 100;

/** Parses a YAML or JSON file; leaves out empty documents. Duplicate keys and tabs as indentation are problems. */
export function parseDocuments(text: string): ParsedDocuments {
  const lineCounter = new LineCounter();
  // At its usual level the parser prints warnings of its own, which quote the file.
  const parsed = parseAllDocuments(text, { lineCounter, merge: true, prettyErrors: false, logLevel: 'error' });
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
      problems.push({ line: lineOf([]), text: firstLine(errorText(error)) });
    }
  }
  return { documents, problems };
}

/** Goes through JSON, so that a value that contains itself or is nested too deep throws here and not later. */
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
