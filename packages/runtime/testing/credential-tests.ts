import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { failureOf, GOOD, isPresent, pull, WRONG } from './asking.ts';
import type { RuntimeHarness } from './harness.ts';

export function credentialTests(harness: () => RuntimeHarness) {
  describe('credentials', () => {
    test('that are right pull a private image', async () => {
      const image = await harness().publish({ credentials: GOOD });
      await pull(harness(), image.reference, { auth: GOOD });
      expect(await isPresent(harness(), image.reference)).toBe(true);
    });

    test('that nobody asked for do no harm', async () => {
      const image = await harness().publish({});
      await pull(harness(), image.reference, { auth: GOOD });
      expect(await isPresent(harness(), image.reference)).toBe(true);
    });

    test.each([
      ['refuses them', { credentials: GOOD }],
      ['repeats them in its answer', { trouble: 'forbids' }],
    ] as const)('are nowhere in the failure when the registry %s', async (_, options) => {
      const image = await harness().publish(options);
      const failure = await failureOf(pull(harness(), image.reference, { auth: WRONG }));
      // As a logger would print it, with its causes.
      const printed = inspect(failure, { depth: 10 });
      const { username, password } = WRONG;
      const base64 = Buffer.from(`${username}:${password}`).toString('base64');
      for (const secret of [password, base64]) expect(printed).not.toContain(secret);
      expect(failure.message).toMatch(/./);
    });
  });
}
