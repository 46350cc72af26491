import { type Field, MalformedField, fields } from '../to-state/index.ts';
import type { Identity, KindReaders, ManifestObject } from './kind-readers.ts';
import type { LineProblem, ManifestDocument } from './parse-documents.ts';

export interface ReadObjects {
  readonly objects: readonly ManifestObject[];
  readonly problems: readonly LineProblem[];
  /** Kinds that we do not read. */
  readonly passedOver: readonly PassedOver[];
}

export interface PassedOver extends Identity {
  readonly line: number;
  /** We read this kind in another version: most likely a mistake. */
  readonly suspicious: boolean;
}

/** Reads the object of a document, or the items of a list. */
export function readObjects(document: ManifestDocument, readers: KindReaders): ReadObjects {
  const objects: ManifestObject[] = [];
  const problems: LineProblem[] = [];
  const passedOver: PassedOver[] = [];
  const read = (object: Field, inherited: Identity | undefined, depth: number): void => {
    const line = document.lineOf(object.path);
    try {
      const identity = identify(object, inherited);
      const list = itemsOf(object, identity, readers);
      const reader = readers.of(identity);
      if (list !== undefined && depth === MAX_LIST_DEPTH) throw fields.expected(object, 'no more lists within lists');
      if (list !== undefined) for (const item of list.items) read(item, list.inherited, depth + 1);
      else if (reader !== undefined) objects.push({ line, ...reader(object) });
      else passedOver.push({ line, ...identity, suspicious: readers.isReadElsewhere(identity) });
    } catch (error) {
      if (!(error instanceof MalformedField)) throw error;
      problems.push({ line: document.lineOf(error.path), text: error.message });
    }
  };
  read(fields.root(document.value), undefined, 0);
  return { objects, problems, passedOver };
}

const MAX_LIST_DEPTH = 4;

/** Items of a typed list have neither kind nor apiVersion when they come from an API server. */
function identify(object: Field, inherited: Identity | undefined): Identity {
  if (typeof object.value !== 'object' || object.value === null || Array.isArray(object.value))
    throw fields.expected(object, 'a mapping');
  const kind = fields.optionalText(fields.below(object, 'kind')) ?? inherited?.kind;
  if (kind === undefined) throw fields.expected(fields.below(object, 'kind'), 'the kind of the object');
  const apiVersion = fields.optionalText(fields.below(object, 'apiVersion')) ?? inherited?.apiVersion;
  if (apiVersion === undefined) throw fields.expected(fields.below(object, 'apiVersion'), 'the version of the kind');
  return { apiVersion, kind };
}

interface ObjectList {
  readonly items: readonly Field[];
  readonly inherited: Identity | undefined;
}

/** The items of a `List`, which name their kinds, or of a typed list such as `DeploymentList`. */
function itemsOf(object: Field, { apiVersion, kind }: Identity, readers: KindReaders): ObjectList | undefined {
  const items = fields.below(object, 'items');
  if (apiVersion === 'v1' && kind === 'List') return { items: fields.items(items), inherited: undefined };
  const inherited = { apiVersion, kind: kind.slice(0, -'List'.length) };
  if (!kind.endsWith('List') || readers.of(inherited) === undefined) return undefined;
  return { items: fields.items(items), inherited };
}
