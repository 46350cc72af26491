import { readFile } from 'node:fs/promises';

const MAX_BYTES = 1024 * 1024;

/** A small file that somebody else replaces from time to time. */
export interface RenewedFile {
  /** The file's contents, or the last usable ones if these are not usable. Throws UnusableFile if it never had any. */
  read(): Promise<string>;
}

export class UnusableFile extends Error {
  override readonly name = 'UnusableFile';
}

interface ExpectedContents {
  readonly what: string;
  readonly useful: RegExp;
}

/** What an HTTP header can carry. */
export const TOKEN: ExpectedContents = { what: 'a token', useful: /^\s*[\x21-\x7e]+\s*$/ };
export const CERTIFICATES: ExpectedContents = {
  what: 'a certificate in PEM',
  useful: /-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/,
};

/** Reads the file at every use, which takes a tenth of a millisecond: a watch would miss a link that is replaced. */
export function createRenewedFile(path: string, { what, useful }: ExpectedContents): RenewedFile {
  let last: string | undefined;
  return {
    async read() {
      try {
        const text = await readFile(path, 'utf8');
        if (text.length > MAX_BYTES || !useful.test(text)) throw new Error(`${path} does not hold ${what}`);
        last = text;
      } catch (error) {
        if (last === undefined) throw new UnusableFile((error as Error).message, { cause: error });
      }
      return last;
    },
  };
}
