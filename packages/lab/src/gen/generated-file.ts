/** Files that are made from other files: `npm run gen` writes them, `npm run check` compares. */
export interface GeneratedFile {
  readonly path: string;
  make(): Promise<string>;
}
