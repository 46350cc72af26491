import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import Value from 'typebox/value';
import { describeValue, schemaProblems } from '../schema-problems.ts';
import { asMapping, asText, dropNulls, type ParsedResource } from './parse-resource.ts';
import { PrefetchSpec } from './prefetch.ts';
import { TECHSQUAD_KIND } from './status.ts';

/** The Prefetch of kainlite/kubernetes-prefetch-operator. */
export const TECHSQUAD_API_VERSION = 'cache.techsquad.rocks/v1';

/** No bounds but the operator's own: what its definition takes is taken. */
export const TechsquadSpec = Type.Object(
  {
    filter_by_labels: Type.Optional(
      Type.Record(Type.String({ pattern: '^' }), Type.String(), {
        description: 'Labels that a Deployment of any namespace must have; none finds nothing',
      }),
    ),
    node_filter: Type.Optional(Type.String({ description: 'What the names of nodes must contain; all where empty' })),
    retry_after: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: 'Seconds after which the operator looked again; changes nothing here: a change counts at once',
      }),
    ),
  },
  { description: 'Which images to keep warm and where' },
);
type TechsquadSpec = Static<typeof TechsquadSpec>;

export const TechsquadStatus = Type.Object(
  { phase: Type.Optional(Type.String({ description: '`PENDING`, `RUNNING` or `FAILED`' })) },
  { description: 'How far it is' },
);

const MAX_LABELS = 64;
/** Of a node's name. */
const MAX_NODE_FILTER = 253;

const validator = Compile(TechsquadSpec);

/** In our words. Never throws. Fields that it does not know change nothing, as with the operator. */
export function parseTechsquadPrefetch(document: unknown): ParsedResource & { readonly ownPods: true } {
  const root = asMapping(document);
  const { name, namespace, generation } = asMapping(root.metadata);
  const written = dropNulls(TechsquadSpec, root.spec ?? {});
  const problems = problemsOf(written);
  return {
    ref: {
      kind: TECHSQUAD_KIND,
      namespace: asText(namespace) ?? 'default',
      name: asText(name) ?? '',
    },
    generation: Number.isSafeInteger(generation) ? (generation as number) : 1,
    spec: Value.Default(PrefetchSpec, problems.length > 0 ? {} : translate(written as TechsquadSpec)) as PrefetchSpec,
    problems,
    ownPods: true,
  };
}

/**
 * | theirs                          | ours                                                                        |
 * | ------------------------------- | --------------------------------------------------------------------------- |
 * | filter_by_labels: {app: nginx}  | workloads: Deployments of all namespaces with these labels                  |
 * | filter_by_labels: {}, or none   | no workloads: an empty selector would find all                              |
 * | node_filter: worker             | nodes.names: ["*worker*"]                                                   |
 * | node_filter: "", or none        | all nodes                                                                   |
 * | retry_after                     | nothing                                                                     |
 */
function translate({ filter_by_labels: matchLabels = {}, node_filter: part = '' }: TechsquadSpec): object {
  const finds = Object.keys(matchLabels).length > 0;
  return {
    workloads: finds ? [{ kinds: ['Deployment'], selector: { matchLabels } }] : [],
    ...(part === '' ? {} : { nodes: { names: [`*${part}*`] } }),
  };
}

function problemsOf(spec: unknown): readonly string[] {
  if (!validator.Check(spec)) return schemaProblems(validator.Errors(spec), spec, 'spec').slice(0, MAX_PROBLEMS);
  const { filter_by_labels: labels = {}, node_filter: part = '' } = spec;
  return [
    ...(Object.keys(labels).length > MAX_LABELS
      ? [`spec.filter_by_labels: expected at most ${MAX_LABELS} labels`]
      : []),
    // A node's name has no *, which would be any text in ours.
    ...(part.length > MAX_NODE_FILTER || part.includes('*')
      ? [`spec.node_filter: expected a part of a node's name, got ${describeValue(part)}`]
      : []),
  ];
}

const MAX_PROBLEMS = 10;
