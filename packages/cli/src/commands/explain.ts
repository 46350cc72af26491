import { ApiError, type ImageView, type NodeView, type Overview } from '@kube-prefetch/protocol';
import type { Context } from '../connect/context.ts';
import { CliError } from '../print/cli-error.ts';
import { describeCell, describeNode, explainResource, groupNodes } from '../print/explanations.ts';
import { countNoun } from '../print/quantities.ts';
import { longName, readResourceName } from '../print/resource-name.ts';
import { entryMeant, noSuchResource } from './choose-entries.ts';
import { asData, type OutputFormat } from './output.ts';

export interface ExplainOptions {
  readonly node?: string;
  readonly output?: OutputFormat;
}

/** What somebody asks about. */
type Subject =
  | { readonly is: 'resource'; readonly entry: Overview['resources'][number] }
  | { readonly is: 'node'; readonly name: string }
  /** `meant`: it can be nothing else. */
  | { readonly is: 'image'; readonly image: string; readonly meant: boolean };

/** Who asks for it, why this node and not that one, what it waits for, what failed, and what to do. */
export async function explain(context: Context, text: string, options: ExplainOptions): Promise<void> {
  const subject = await findSubject(context, text);
  const { terminal, views, signal } = context;
  const { paint } = terminal;
  const print = (value: unknown, forPeople: () => string) => terminal.out(asData(options.output, value) ?? forPeople());
  if (subject.is === 'node') {
    const view = await views.node(subject.name, signal);
    return print(view, () => describeNode(view, paint));
  }
  if (subject.is === 'image') {
    const view = atNode(await knownImage(views, subject.image, subject.meant, signal), options.node);
    return print(view, () => groupNodes(view, paint));
  }
  const { entry } = subject;
  if (options.node === undefined) return print(entry, () => explainResource(entry, paint));
  const view = ofResource(await views.node(options.node, signal), entry);
  print(view, () =>
    view.images.length === 0
      ? `${longName(entry.resource)} wants no image on ${view.name}. Why not: kubectl prefetch explain IMAGE --node ${view.name}\n`
      : `${longName(entry.resource)} wants ${countNoun(view.images.length, 'image')} on ${view.name}:\n${view.images
          .map(({ image, cell, because }) => describeCell(image, cell, because, paint))
          .join('')}`,
  );
}

/** A prefix decides: `node/n1`, `image/web:1`, `pf/web`. Else a node of that name, then a resource, then an image. */
async function findSubject({ views, signal, namespace }: Context, text: string): Promise<Subject> {
  const [, prefix, rest = ''] = /^(nodes?|no|images?)\/(.+)$/.exec(text) ?? [];
  if (prefix?.startsWith('n')) return { is: 'node', name: rest };
  if (prefix?.startsWith('i')) return { is: 'image', image: rest, meant: true };
  const overview = await views.overview(signal);
  if (overview.nodes.some(({ name }) => name === text)) return { is: 'node', name: text };
  const written = readResourceName(text);
  if (written === undefined) return { is: 'image', image: text, meant: true };
  const entry = entryMeant(overview, written, namespace());
  if (entry !== undefined) return { is: 'resource', entry };
  if (written.kind !== undefined) throw noSuchResource(written, namespace());
  return { is: 'image', image: text, meant: false };
}

/** A single word may be a node, a resource or an image that is not there: what it is taken for is said. */
async function knownImage(
  views: Context['views'],
  text: string,
  meant: boolean,
  signal: AbortSignal,
): Promise<ImageView> {
  try {
    return await views.image(text, signal);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'UnknownImage') throw error;
    throw new CliError(
      meant ? error.message : `there is no node and no resource ${JSON.stringify(text)}, and ${error.message}`,
      {
        hints: error.details.map(image => `Perhaps: kubectl prefetch explain ${image}`),
        cause: error,
      },
    );
  }
}

function atNode(view: ImageView, node: string | undefined): ImageView {
  if (node === undefined) return view;
  const nodes = view.nodes.filter(found => found.node === node);
  if (nodes.length > 0) return { ...view, nodes };
  throw new CliError(`the coordinator knows no node ${JSON.stringify(node)}`);
}

/** The images that the resource wants there. */
function ofResource(view: NodeView, { resource }: Overview['resources'][number]): NodeView {
  const name = resource.namespace === undefined ? resource.name : `${resource.namespace}/${resource.name}`;
  const start = `${resource.kind} ${name} (`;
  return {
    ...view,
    images: view.images.filter(({ because }) => because.some(sentence => sentence.startsWith(start))),
  };
}
