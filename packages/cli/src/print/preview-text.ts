import { type NodeGroup, type Preview, resourceName } from '@kube-prefetch/protocol';
import { bytesText, countNoun, someOf } from './quantities.ts';
import { renderTable } from './table.ts';
import type { Paint } from './terminal.ts';

/** What a resource would do, for people. */
export function previewText(preview: Preview, paint: Paint): string {
  const { problems, gaps, notes, images, placements, replaces } = preview;
  const name = resourceName(preview.resource);
  const title = `${paint('bold', name)} (${replaces ? 'in place of the one that is there' : 'new'})`;
  if (problems.length > 0)
    return `${title} ${paint('bad', 'would not be accepted')}:\n${problems.map(problem => `  ${problem}\n`).join('')}`;
  const warnings = [
    ...gaps.map(gap => `  Cannot be read now, so more may be wanted: ${gap}\n`),
    ...notes.map(note => `  Note: ${note}\n`),
  ].join('');
  if (images.length === 0) return `${title} would pull nothing: it finds no image.\n${warnings}`;
  const pulls = images.reduce((sum, { pull }) => sum + pull, 0);
  const present = images.reduce((sum, image) => sum + image.present, 0);
  const known = images.filter(({ sizeBytes }) => sizeBytes !== undefined);
  const bytes = known.reduce((sum, { sizeBytes = 0, pull }) => sum + sizeBytes * pull, 0);
  const unsized = images.filter(({ sizeBytes, pull }) => sizeBytes === undefined && pull > 0).length;
  const unknown = `${countNoun(unsized, 'image')} whose size no node has told yet`;
  const without = unsized > 0 ? `, without ${unknown}` : '';
  const size = bytes > 0 ? `, ${bytesText(bytes)} in all${without}` : unsized > 0 ? `, of ${unknown}` : '';
  const there = present > 0 ? `; ${present} more ${present === 1 ? 'is' : 'are'} there already` : '';
  const headline = `${title} wants ${countNoun(images.length, 'image')}: ${countNoun(pulls, 'pull')}${size}${there}.`;
  const table = renderTable(
    ['IMAGE', 'SIZE', 'PULL ON', 'PRESENT ON', 'SUCH AS'],
    images.map(({ image, sizeBytes, pull, present: has, examples, beyondBytes }) => [
      image,
      sizeBytes === undefined ? '?' : bytesText(sizeBytes),
      beyondBytes > 0 ? `${pull - beyondBytes} (${beyondBytes} over the limit)` : countNoun(pull, 'node'),
      countNoun(has, 'node'),
      someOf(examples) || '-',
    ]),
  );
  return `${headline}\n${warnings}\n${table}\n${placements.map(placement => placementText(placement, paint)).join('\n')}`;
}

function placementText(
  { sources, images, nodes, held, withoutAgent, refused }: Preview['placements'][number],
  paint: Paint,
): string {
  const head = `${someOf(sources)}: ${countNoun(images, 'image')} on ${paint(nodes > 0 ? 'good' : 'bad', countNoun(nodes, 'node'))}\n`;
  const lines = (what: string, groups: readonly NodeGroup[]) =>
    groups.map(
      ({ sentence, nodes: count, examples }) =>
        `  ${what} ${count === 1 ? examples[0] : `${countNoun(count, 'node')} (${someOf(examples, 3)}${count > examples.length ? ', …' : ''})`}: ${sentence}\n`,
    );
  return [
    head,
    ...lines('Not on', refused),
    ...lines('Later on', held),
    ...lines('Without an agent', withoutAgent),
  ].join('');
}
