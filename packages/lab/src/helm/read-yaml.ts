import { parseAllDocuments } from 'yaml';

/** The documents of what helm prints and charts hold; throws for what is no YAML. */
export function readYaml(text: string): readonly unknown[] {
  return parseAllDocuments(text, { strict: true }).map(document => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    return document.toJS() as unknown;
  });
}
