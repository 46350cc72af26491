import { tryParseReference } from '@kube-prefetch/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileRewrite, rewriteProblem } from './rewrite-images.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const RULES = [
  { from: 'r.example/', to: 'r.example/' },
  { from: 'docker.io/library/nginx', to: 'mirror.example/web' },
  { from: 'docker.io/team/', to: 'mirror.example/team/' },
  { from: 'docker.io/', to: 'mirror.example/hub/' },
  { from: 'r.example/', to: 'never.example/' },
];
const rewrite = compileRewrite([{ name: 'rules', rules: RULES }]);

test.each([
  ['nginx', 'mirror.example/web', 1],
  ['index.docker.io/nginx:1.27', 'mirror.example/web:1.27', 1],
  ['nginx-exporter', 'mirror.example/hub/library/nginx-exporter', 3],
  ['nginx/nginx', 'mirror.example/hub/nginx/nginx', 3],
  ['team/app', 'mirror.example/team/app', 2],
  ['teams/app', 'mirror.example/hub/teams/app', 3],
  [`redis:7@${DIGEST}`, `mirror.example/hub/library/redis:7@${DIGEST}`, 3],
  [`redis@${DIGEST}`, `mirror.example/hub/library/redis@${DIGEST}`, 3],
])('%s is pulled as %s', (written, image, rule) => {
  expect(rewrite(written)).toEqual({ image, rule: `rules[${rule}]` });
});

test.each(['r.example/app', 'docker.io:5000/app', 'mirror.example/hub/app', 'Malformed:::', ''])(
  '%j is pulled as written',
  written => {
    expect(rewrite(written)).toEqual({ image: written });
  },
);

test('what rules make of a reference is one, and stays what it is where rules do not feed each other', () => {
  const hits = { runs: 0, rewritten: 0, apart: 0, tooLong: 0, badRule: 0 };
  const deep = 'deep/'.repeat(48);
  const path = fc.constantFrom('', '', 'team/', 'library/', deep, deep);
  const folderOf = (...hosts: string[]) =>
    fc.tuple(fc.constantFrom(...hosts), path).map(([host, below]) => `${host}/${below}`);
  const repositoryIn = (folder: fc.Arbitrary<string>) =>
    fc.tuple(folder, fc.constantFrom('nginx', 'app')).map(parts => parts.join(''));
  const [from, to] = [folderOf('docker.io', 'index.docker.io', 'r.example'), folderOf('mirror.example', 'r.example')];
  const bad = fc.constantFrom('docker.io', 'r.example/Upper/', 'bad host/', 'r.example/app:1', '');
  const rule = fc.oneof(
    { weight: 6, arbitrary: fc.record({ from, to }) },
    { weight: 3, arbitrary: fc.record({ from: repositoryIn(from), to: repositoryIn(to) }) },
    { weight: 1, arbitrary: fc.record({ from: fc.oneof(from, bad), to: fc.oneof(bad, repositoryIn(to)) }) },
  );
  const version = fc.constantFrom('', ':1', `@${DIGEST}`, `:1@${DIGEST}`);
  const short = fc.constantFrom('nginx', 'team/app', 'Malformed:::');
  const reference = fc.tuple(fc.oneof(repositoryIn(from), short), version).map(parts => parts.join(''));
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 4 }), reference, (given, written) => {
      const rules = given.filter(each => rewriteProblem(each) === undefined);
      const apply = compileRewrite([{ name: 'rules', rules }]);
      const once = apply(written);
      const parsed = tryParseReference(once.image);
      hits.runs += 1;
      if (rules.length < given.length) hits.badRule += 1;
      if (once.rule === undefined) {
        expect(once.image).toBe(written);
        return;
      }
      hits.rewritten += 1;
      const { tag, digest } = tryParseReference(written) ?? {};
      if (parsed === undefined) {
        hits.tooLong += 1;
        expect(once.problem).toMatch(/^rules\[\d\] makes no valid reference of .*: the path becomes too long$/);
        return;
      }
      expect(once.problem).toBeUndefined();
      expect([parsed.tag, parsed.digest]).toEqual([tag, digest]);
      if (rules.some(({ to }) => rules.some(({ from }) => hostOf(from) === hostOf(to)))) return;
      hits.apart += 1;
      expect(apply(once.image)).toEqual({ image: once.image });
    }),
    { numRuns: 5_000 },
  );
  console.log('rewrite:', hits);
  expect(Math.min(hits.rewritten, hits.badRule)).toBeGreaterThan(500);
  expect([hits.apart > 300, hits.tooLong > 10]).toEqual([true, true]);
});

function hostOf(prefix: string): string | undefined {
  return prefix.replace(/^index\./, '').split('/')[0];
}
