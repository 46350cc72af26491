import { describe, expect, test } from 'vitest';
import { isPresent, presenceOf, pull } from './asking.ts';
import { MOVES, type Published, type RuntimeHarness, type RuntimeTraits } from './harness.ts';

const FORMS: Readonly<Record<string, (image: Published) => string>> = {
  'a tag': ({ reference }) => reference,
  'no tag': ({ name }) => name,
  'a digest': ({ name, digest }) => `${name}@${digest}`,
  'a tag and a digest': ({ reference, digest }) => `${reference}@${digest}`,
};

export function referenceTests(
  harness: () => RuntimeHarness,
  { pullsShortNames, keepsTagBesideDigest }: RuntimeTraits,
) {
  describe('references of images without a shell', () => {
    test.each(Object.entries(FORMS))('an image pulled by %s is present under exactly that', async (_, form) => {
      const image = await harness().publish({});
      await pull(harness(), form(image));
      const presence = await presenceOf(harness(), form(image));
      expect(presence).toMatchObject({ present: true });
      if (presence.present) expect(presence.digests).toContain(`${image.name}@${image.digest}`);
    });

    test('another tag of the same contents is another image', async () => {
      const image = await harness().publish({});
      await pull(harness(), image.reference);
      expect(await isPresent(harness(), `${image.name}:latest`)).toBe(false);
      expect(await isPresent(harness(), image.name)).toBe(false);
    });

    test.each(MOVES)('a tag that moved to %s is named by its new digest once it is pulled again', async to => {
      const image = await harness().publish({ form: 'several platforms' });
      await pull(harness(), image.reference);
      const moved = await harness().move(image, to);
      const digests = async () => {
        const presence = await presenceOf(harness(), image.reference);
        return presence.present ? presence.digests : [];
      };
      expect(await digests()).toContain(`${image.name}@${image.digest}`);
      expect(await digests()).not.toContain(`${image.name}@${moved.digest}`);
      await pull(harness(), image.reference);
      expect(await digests()).toContain(`${image.name}@${moved.digest}`);
    });

    test('what is pulled by digest is present under any tag beside that digest', async () => {
      const image = await harness().publish({});
      await pull(harness(), `${image.name}@${image.digest}`);
      expect(await isPresent(harness(), `${image.reference}@${image.digest}`)).toBe(true);
    });

    test(`a tag beside a digest is ${keepsTagBesideDigest ? 'kept' : 'not made present by itself'}`, async () => {
      const image = await harness().publish({});
      await pull(harness(), `${image.reference}@${image.digest}`);
      expect(await isPresent(harness(), image.reference)).toBe(keepsTagBesideDigest ?? false);
    });

    if (pullsShortNames) {
      test.each([
        ['as written', (name: string) => name],
        ['with a tag', (name: string) => `${name}:v1`],
        ['in full', (name: string) => `docker.io/library/${name}:v1`],
      ])('a Docker Hub name %s is present under exactly that', async (_, write) => {
        const { name } = await harness().publish({ short: true });
        await pull(harness(), write(name));
        expect(await isPresent(harness(), write(name))).toBe(true);
      });
    }
  });
}
