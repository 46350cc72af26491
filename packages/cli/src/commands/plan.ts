import { readManifests } from '@kube-prefetch/cluster';
import type { Preview } from '@kube-prefetch/protocol';
import type { Context } from '../connect/context.ts';
import { CliError, EXIT } from '../print/cli-error.ts';
import { previewText } from '../print/preview-text.ts';
import { toWarmResources } from '../warm/warm-resources.ts';
import { asData, type OutputFormat } from './output.ts';
import { readInput, shown } from './read-input.ts';

export interface PlanOptions {
  readonly filename: string;
  readonly output?: OutputFormat;
}

/** What the resources of a file would pull, and where; of workloads what `warm` would make of them. Nothing is created. */
export async function plan(context: Context, options: PlanOptions): Promise<void> {
  const { output, filename } = options;
  const { terminal, views, signal } = context;
  const { documents, notes } = await resourcesIn(context, filename);
  const previews: Preview[] = [];
  for (const document of documents) previews.push(await views.preview(document, signal));
  for (const note of notes) terminal.err(`${note}\n`);
  terminal.out(asData(output, previews) ?? previews.map(preview => previewText(preview, terminal.paint)).join('\n'));
  if (previews.some(({ problems }) => problems.length > 0))
    throw new CliError('not every resource would be accepted', { exitCode: EXIT.no });
}

async function resourcesIn(context: Context, file: string) {
  const namespace = context.namespace();
  const { resources, workloads, problems } = readManifests(await readInput(file), namespace);
  if (problems.length > 0 && resources.length === 0)
    throw new CliError(`${shown(file)} cannot be read: ${problems[0]}`, {
      exitCode: EXIT.usage,
      hints: problems.slice(1, 10),
    });
  if (resources.length > 0) return { documents: resources, notes: problems };
  const wish = { images: [], workloads, namespace, nodes: undefined, pullSecrets: [], expires: undefined };
  const made = toWarmResources(wish);
  if (made.resources.length === 0)
    throw new CliError(`${shown(file)} has no Prefetch, no ClusterPrefetch and no workload with an image`, {
      exitCode: EXIT.usage,
    });
  const documents = made.resources.map(({ metadata, ...resource }, index) => ({
    ...resource,
    metadata: { ...metadata, name: `warm-${index + 1}` },
  }));
  return { documents, notes: made.notes };
}
