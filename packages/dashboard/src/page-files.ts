/** A file of the page, as it is served. */
export interface PageFile {
  /** `/` is the document; the others are named after their contents. */
  readonly path: string;
  readonly type: string;
  /** Compressed by gzip, in base64. */
  readonly gzip: string;
}

/** None where a program runs from its sources. The build puts the page's files in the place of this module. */
export const pageFiles: readonly PageFile[] = [];
