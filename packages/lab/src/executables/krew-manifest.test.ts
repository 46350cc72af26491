import { expect, test } from 'vitest';
import { krewManifest } from './krew-manifest.ts';
import { PLATFORMS } from './platforms.ts';

/** As https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest and its naming guide have it; its own program has accepted it. */
test("the manifest keeps krew's rules: a licence in each archive, one line, a version with v, no platform twice", () => {
  const archives = PLATFORMS.map(platform => ({ platform, uri: 'https://x.example/a.tar.gz', sha256: 'a'.repeat(64) }));
  const { metadata, spec } = krewManifest('1.2.3', 'https://x.example', archives) as {
    metadata: { name: string };
    spec: {
      version: string;
      shortDescription: string;
      platforms: { selector: { matchLabels: object }; files: { from: string }[]; bin: string }[];
    };
  };
  expect([metadata.name, spec.version]).toEqual(['prefetch', 'v1.2.3']);
  expect(spec.shortDescription).toMatch(/^[A-Z][^\n]{1,50}[^.\n]$/);
  expect(new Set(spec.platforms.map(({ selector }) => JSON.stringify(selector))).size).toBe(PLATFORMS.length);
  for (const { files, bin } of spec.platforms)
    expect(files.map(({ from }) => from)).toEqual([bin, 'LICENSE', 'LICENSES.txt', 'LICENSE-NODE']);
});
