import type { Summary } from '@kube-prefetch/protocol';
import { type BoardModel, type CountsByState, nameOf } from '../../model/board-model.ts';
import { conditionOf } from '../../model/headline.ts';
import { countText, shareText } from '../../model/words.ts';
import { StackedBar } from './overview.tsx';

export function Resources({ model }: { readonly model: BoardModel }) {
  const rows = [...model.resources.values()]
    .map(told => ({ ...told, name: nameOf(told), warm: conditionOf(told.status, 'Warm') }))
    .sort(
      (a, b) => Number(a.warm?.status === 'True') - Number(b.warm?.status === 'True') || (a.name < b.name ? -1 : 1),
    );
  if (rows.length === 0) return null;
  return (
    <section aria-label="Resources">
      <h2>Resources</h2>
      <table class="resources">
        <thead>
          <tr>
            <th>Resource</th>
            <th>Warm</th>
            <th class="number">Images</th>
            <th class="number">Nodes</th>
            <th class="wide">Progress</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, warm, status: { summary } }) => (
            <tr key={name}>
              <td>
                <bdi class="name">{name}</bdi>
              </td>
              <td>
                <span class={`condition ${warm?.status ?? 'Unknown'}`} title={warm?.message}>
                  {warm?.status === 'True' ? 'Warm' : (warm?.reason ?? 'Unknown')}
                </span>
              </td>
              <td class="number">{countText(summary.images)}</td>
              <td class="number">{countText(summary.nodes)}</td>
              <td>
                <StackedBar counts={countsOf(summary)} />
              </td>
              <td class="number">{shareText(summary.present, summary.cells)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function countsOf(summary: Summary): CountsByState {
  const { cells, present, stale, pulling, waiting, failed, unknown, noAgent } = summary;
  const known = { Present: present, Stale: stale, Pulling: pulling, Waiting: waiting, Failed: failed };
  const Unknown = unknown + noAgent;
  return { ...known, Unknown, Missing: Math.max(0, cells - present - stale - pulling - waiting - failed - Unknown) };
}
