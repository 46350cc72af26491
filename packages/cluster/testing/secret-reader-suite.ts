import { describe, expect, test } from 'vitest';
import type { ReadSecret, SecretReader } from '../src/ports/secret-reader.ts';
import { aPullSecret } from './twin/secrets.ts';

/** Secrets kept somewhere, in a namespace that no other test uses, and a reader of them. */
export interface SecretReaderHarness {
  readonly reader: SecretReader;
  readonly namespace: string;
  /** Keeps this secret under the name; undefined: none. Resolves once it can be read. */
  readonly hold: (name: string, secret: Required<ReadSecret> | undefined) => Promise<void>;
  readonly beAway: (away: boolean) => Promise<void> | void;
  readonly close?: () => Promise<void> | void;
}

/** What every SecretReader keeps. */
export function secretReaderSuite(name: string, makeHarness: () => Promise<SecretReaderHarness>): void {
  const withHarness = (check: (harness: SecretReaderHarness, signal: AbortSignal) => Promise<void>) => async () => {
    const harness = await makeHarness();
    try {
      await check(harness, new AbortController().signal);
    } finally {
      await harness.close?.();
    }
  };

  describe(`${name} is a SecretReader`, () => {
    test(
      'what is there is read as it is, and anew each time',
      withHarness(async ({ reader, namespace, hold }, signal) => {
        for (const password of ['first', 'second']) {
          const secret = aPullSecret({ 'r.example': password });
          await hold('regcred', secret);
          expect(await reader.read({ namespace, name: 'regcred' }, signal)).toEqual(secret);
        }
        const bare = { type: 'Opaque', data: {} };
        await hold('bare', bare);
        expect(await reader.read({ namespace, name: 'bare' }, signal)).toEqual(bare);
      }),
    );

    test(
      'what is not there is missing, also where no Secret could be called that',
      withHarness(async ({ reader, namespace, hold }, signal) => {
        await hold('regcred', aPullSecret({}));
        for (const missing of ['other', 'Not_A_Name', '..', 'a/b', 'regcred?x', '']) {
          expect(await reader.read({ namespace, name: missing }, signal)).toBe('missing');
        }
        expect(await reader.read({ namespace: 'no-such-namespace', name: 'regcred' }, signal)).toBe('missing');
        expect(await reader.read({ namespace: '..', name: 'regcred' }, signal)).toBe('missing');
        await hold('regcred', undefined);
        expect(await reader.read({ namespace, name: 'regcred' }, signal)).toBe('missing');
      }),
    );

    test(
      'where nothing can be told it throws, without a word of any secret, and reads again afterwards',
      withHarness(async ({ reader, namespace, hold, beAway }, signal) => {
        const secret = aPullSecret({ 'r.example': 'canary' });
        await hold('regcred', secret);
        await beAway(true);
        const error: unknown = await reader.read({ namespace, name: 'other' }, signal).catch(thrown => thrown);
        expect(error).toBeInstanceOf(Error);
        expect(String(error)).toContain(`secret ${namespace}/other`);
        expect(String(error)).not.toContain('canary');
        await beAway(false);
        const read = () => reader.read({ namespace, name: 'regcred' }, signal);
        await expect.poll(read, { timeout: 60_000 }).toEqual(secret);
      }),
    );

    test(
      "an aborted read ends with the signal's reason",
      withHarness(async ({ reader, namespace }) => {
        const signal = AbortSignal.abort(new Error('enough'));
        await expect(reader.read({ namespace, name: 'regcred' }, signal)).rejects.toThrow('enough');
      }),
    );
  });
}
