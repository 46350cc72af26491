import {
  describeValue,
  type ImageRef,
  type RewriteRule,
  repositoryOf,
  tryParseReference,
} from '@kube-prefetch/protocol';

/** What nodes pull for what is written, and by which rule, `spec.rewrite[0]`; without `rule` it is what is written. */
export interface Rewritten {
  readonly image: ImageRef;
  readonly rule?: string;
  /** A sentence, where `image` is no valid reference. */
  readonly problem?: string;
}

/** Rules in order, and how messages call the list: `spec.rewrite`. */
export interface RewriteRules {
  readonly name: string;
  readonly rules: readonly RewriteRule[];
}

/**
 * Says of a reference as written what nodes pull. The first rule that matches counts, and no other one after it.
 *
 * | rule                                  | written                        | pulled                               |
 * | ------------------------------------- | ------------------------------ | ------------------------------------ |
 * | `docker.io/` to `mirror.example/hub/` | `nginx:1.27`                   | `mirror.example/hub/library/nginx:1.27` |
 * | `r.example/app` to `mirror.example/a` | `r.example/app@sha256:…`       | `mirror.example/a@sha256:…`          |
 * | the same                              | `r.example/app/web`            | as written: another repository       |
 * | `r.example/` to `r.example/`          | `r.example/web`                | as written, and no later rule counts |
 * | any                                   | what is no reference           | as written                           |
 */
export function compileRewrite(lists: readonly RewriteRules[]): (written: ImageRef) => Rewritten {
  const rules = lists.flatMap(list =>
    list.rules.flatMap(({ from, to }, index) => {
      const prefix = canonicalPrefix(from);
      return prefix === undefined ? [] : [{ prefix, to, name: `${list.name}[${index}]` }];
    }),
  );
  if (rules.length === 0) return image => ({ image });
  return written => {
    const reference = tryParseReference(written);
    if (reference === undefined) return { image: written };
    const repository = repositoryOf(reference);
    const rule = rules.find(({ prefix }) => (isFolder(prefix) ? repository.startsWith(prefix) : repository === prefix));
    if (rule === undefined || rule.prefix === canonicalPrefix(rule.to)) return { image: written };
    const { tag, digest } = reference;
    const version = `${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
    const image = `${rule.to}${repository.slice(rule.prefix.length)}${version}`;
    if (image.length <= MAX_PATH_LENGTH || tryParseReference(image) !== undefined) return { image, rule: rule.name };
    const problem = `${rule.name} makes no valid reference of ${written.slice(0, MAX_SHOWN)}: the path becomes too long`;
    return { image, rule: rule.name, problem };
  };
}

/** Of a valid rule and a valid reference nothing else can become invalid. */
const MAX_PATH_LENGTH = 255;
const MAX_SHOWN = 120;

/** Why a rule can make no valid reference of any. */
export function rewriteProblem({ from, to }: RewriteRule): string | undefined {
  for (const [side, text] of Object.entries({ from, to })) {
    if (canonicalPrefix(text) === undefined)
      return `${side}: expected a registry such as docker.io/, a path such as docker.io/library/, or a repository such as docker.io/library/nginx, without tag or digest, got ${describeValue(text)}`;
  }
  if (isFolder(from) === isFolder(to)) return undefined;
  return `expected from and to both with / at the end, or both without, got ${describeValue(from)} and ${describeValue(to)}`;
}

/** Stands for what a prefix is put before: of two components, so that none is taken for an official image of Docker Hub. */
const ANY = 'x/x';

/** As normalised references begin, `docker.io/library/nginx` for `index.docker.io/nginx`; undefined for what is no such prefix. */
function canonicalPrefix(text: string): string | undefined {
  const reference = tryParseReference(isFolder(text) ? `${text}${ANY}` : text);
  if (reference?.domain === undefined || reference.tag !== undefined || reference.digest !== undefined)
    return undefined;
  const repository = repositoryOf(reference);
  return isFolder(text) ? repository.slice(0, -ANY.length) : repository;
}

function isFolder(prefix: string): boolean {
  return prefix.endsWith('/');
}
