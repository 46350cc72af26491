import { readFile } from 'node:fs/promises';

const MAX_BYTES = 1024 * 1024;

/** A small file that somebody else replaces from time to time. */
export interface KeptFile {
  /** As it is now; where it cannot be read or is of no use, as it was last. Throws where it never was of any. */
  read(): Promise<string>;
}

export class UnusableFile extends Error {
  override readonly name = 'UnusableFile';
}

interface Contents {
  readonly what: string;
  readonly useful: RegExp;
}

/** What an HTTP header can carry. */
export const TOKEN: Contents = { what: 'a token', useful: /^\s*[\x21-\x7e]+\s*$/ };
export const CERTIFICATES: Contents = {
  what: 'a certificate in PEM',
  useful: /-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/,
};

/** It is read whenever it is used: that takes a tenth of a millisecond, and a watch would miss replaced links. */
export function createKeptFile(path: string, { what, useful }: Contents): KeptFile {
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
