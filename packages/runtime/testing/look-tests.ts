import { describe, expect, test } from 'vitest';
import { isPresent, NEVER, presenceOf, pull } from './asking.ts';
import type { RuntimeHarness } from './harness.ts';

export function lookTests(harness: () => RuntimeHarness) {
  describe('look', () => {
    test('answers every reference once, malformed ones as absent', async () => {
      const image = await harness().publish({});
      await pull(harness(), image.reference);
      const asked = [image.reference, `${image.name}:none`, 'Not A Reference', '', image.reference];
      const seen = await harness().runtime.look(asked, NEVER);
      expect([...seen].map(([reference, { present }]) => [reference, present])).toEqual([
        [image.reference, true],
        [`${image.name}:none`, false],
        ['Not A Reference', false],
        ['', false],
      ]);
    });

    test('answers nothing for nothing', async () => {
      expect((await harness().runtime.look([], NEVER)).size).toBe(0);
    });

    test('a present image has an id and a size', async () => {
      const image = await harness().publish({ sizeBytes: 200_000 });
      await pull(harness(), image.reference);
      const presence = await presenceOf(harness(), image.reference);
      expect(presence).toMatchObject({ present: true, id: expect.stringMatching(/./) as string });
      if (presence.present) expect(presence.sizeBytes).toBeGreaterThanOrEqual(200_000);
    });

    test('does not take a name for the beginning of an image id', async () => {
      const image = await harness().publish({});
      await pull(harness(), image.reference);
      const presence = await presenceOf(harness(), image.reference);
      if (!presence.present) throw new Error('expected what was just pulled to be present');
      const name = presence.id.replace(/^sha256:/, '').slice(0, 12);
      expect(await isPresent(harness(), name)).toBe(false);
    });

    test('never asks a registry', async () => {
      const [present, absent] = [await harness().publish({}), await harness().publish({})];
      await pull(harness(), present.reference);
      const before = harness().requests(present);
      await harness().runtime.look([present.reference, absent.reference], NEVER);
      expect(harness().requests(present)).toBe(before);
      expect(harness().requests(absent)).toBe(0);
    });

    test('sees at once what somebody else has deleted', async () => {
      const image = await harness().publish({});
      await pull(harness(), image.reference);
      await harness().remove(image.reference);
      expect(await isPresent(harness(), image.reference)).toBe(false);
    });

    test('rejects with the reason of the signal that stops it', async () => {
      const stopped = AbortSignal.abort(new Error('stopped by the test'));
      await expect(harness().runtime.look(['r.example/app:v1'], stopped)).rejects.toThrow('stopped by the test');
    });
  });

  test('the version has a name and a number', async () => {
    const { name, version } = await harness().runtime.version(NEVER);
    expect(name).toMatch(/./);
    expect(version).toMatch(/\d/);
  });

  test('the space of the image file system is used in part', async () => {
    const space = await harness().runtime.space(NEVER);
    expect(space).not.toBe('unknown');
    if (space === 'unknown') return;
    expect(space.capacityBytes).toBeGreaterThan(0);
    expect(space.usedBytes).toBeLessThanOrEqual(space.capacityBytes);
  });
}
