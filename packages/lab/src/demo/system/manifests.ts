import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

const EXAMPLE = fileURLToPath(new URL('../../../../../examples/demo', import.meta.url));
/** Stands for the registry's address in the example. */
const PLACEHOLDER = 'REGISTRY/';

/** The example's directory, copied for the coordinator to read. */
export interface Manifests {
  readonly dir: string;
  /** Everything but the resources that ask for images. */
  placeSurroundings(): void;
  placeResources(): void;
  /** As an editor would: replaces the text in every file that has it; answers how many files changed. */
  edit(from: string, to: string): number;
}

interface Manifest {
  readonly file: string;
  readonly text: string;
  readonly asks: boolean;
}

/** Names of the Node manifests in the example. */
export function exampleNodes(): readonly string[] {
  return readExample()
    .flatMap(({ text }) => documentsOf(text))
    .filter(document => document.kind === 'Node')
    .map(document => document.metadata.name);
}

/** `nodes`: the only ones to keep. */
export function prepareManifests(dir: string, address: string, nodes: readonly string[]): Manifests {
  const manifests = readExample().map(manifest => ({
    ...manifest,
    text: keepNodes(manifest.text, nodes).replaceAll(PLACEHOLDER, `${address}/`),
  }));
  mkdirSync(dir, { recursive: true });
  const place = (chosen: readonly Manifest[]) => {
    for (const { file, text } of chosen) writeFileSync(join(dir, file), text);
  };
  return {
    dir,
    placeSurroundings: () => place(manifests.filter(({ asks }) => !asks)),
    placeResources: () => place(manifests.filter(({ asks }) => asks)),
    edit(from, to) {
      const changed = manifests.filter(({ text }) => text.includes(from));
      place(changed.map(manifest => ({ ...manifest, text: manifest.text.replaceAll(from, to) })));
      return changed.length;
    },
  };
}

function readExample(): readonly Manifest[] {
  const files = readdirSync(EXAMPLE).filter(file => /\.ya?ml$/.test(file));
  return files.map(file => {
    const text = readFileSync(join(EXAMPLE, file), 'utf8');
    return { file, text, asks: documentsOf(text).some(({ kind }) => kind.endsWith('Prefetch')) };
  });
}

function keepNodes(text: string, nodes: readonly string[]): string {
  const parts = text.split(/^---\s*$/m);
  const kept = parts.filter(part =>
    documentsOf(part).every(({ kind, metadata }) => kind !== 'Node' || nodes.includes(metadata.name)),
  );
  return kept.length === parts.length ? text : kept.join('---\n');
}

interface ManifestDocument {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

function documentsOf(text: string): readonly ManifestDocument[] {
  return parseAllDocuments(text)
    .map(document => document.toJS() as ManifestDocument | null)
    .filter(document => document !== null);
}
