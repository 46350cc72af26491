import type { Summary } from '@kube-prefetch/protocol';
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { BoardModel, CountsByState } from '../../model/board-model.ts';
import { conditionOf } from '../../model/headline.ts';
import { orderResources, type ResourceRow } from '../../model/resource-order.ts';
import { countText, shareText, someText } from '../../model/words.ts';
import { chosenResource } from '../live/chosen-resource.ts';
import { StackedBar } from './overview.tsx';
import { SearchField } from './search-field.tsx';

/** Of more, those that match the search; nobody reads on. */
const MAX_ROWS = 200;
/** All of so few are seen at a glance. */
const FEW = 8;

/** Those that fail first. Whoever chooses one sees only its cells in the table below. */
export function Resources({ model }: { readonly model: BoardModel }) {
  const search = useSignal('');
  const reached = useSignal<string | undefined>(undefined);
  const list = useRef<HTMLTableElement>(null);
  if (model.resources.size === 0) return null;
  const found = orderResources(model, search.value);
  const rows = found.slice(0, MAX_ROWS);
  // One stop for the Tab key; from there the arrows go on.
  const stop = rows.some(({ name }) => name === reached.value) ? reached.value : rows[0]?.name;
  const move = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    if (by === undefined) return;
    const buttons = [...(list.current?.querySelectorAll('button') ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement) + by;
    buttons[Math.max(0, Math.min(at, buttons.length - 1))]?.focus();
    event.preventDefault();
  };
  return (
    <section aria-label="Resources">
      <div class="toolbar">
        <h2>Resources</h2>
        {model.resources.size > FEW && <SearchField label="Filter resources" text={search} />}
        <span class="spacer" />
        <span class="shown" role="status">
          {found.length === model.resources.size
            ? someText(found.length, 'resource')
            : `${countText(found.length)} of ${countText(model.resources.size)}`}
        </span>
      </div>
      <div class="list">
        <table class="resources" ref={list} onKeyDown={move}>
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
            {rows.map(row => (
              <Row key={row.name} row={row} isStop={row.name === stop} reach={() => (reached.value = row.name)} />
            ))}
          </tbody>
        </table>
      </div>
      {found.length > MAX_ROWS && (
        <p class="more">and {countText(found.length - MAX_ROWS)} more: the filter finds them</p>
      )}
      {found.length === 0 && <p class="more">No resource has that in its name.</p>}
    </section>
  );
}

interface RowParts {
  readonly row: ResourceRow;
  readonly isStop: boolean;
  readonly reach: () => void;
}

function Row({ row: { name, is, status }, isStop, reach }: RowParts) {
  const { summary } = status;
  const warm = conditionOf(status, 'Warm');
  const isChosen = chosenResource.value === name;
  const why = is === 'Warm' ? 'Warm' : (warm?.reason ?? 'Unknown');
  return (
    <tr class={isChosen ? 'chosen' : ''}>
      <td>
        <button
          type="button"
          class="choice"
          title="Show only its images below"
          tabIndex={isStop ? 0 : -1}
          aria-pressed={isChosen}
          onFocus={reach}
          onClick={() => (chosenResource.value = isChosen ? undefined : name)}
        >
          <bdi class="name">{name}</bdi>
        </button>
      </td>
      <td>
        <span class={`condition ${is}`} title={warm?.message}>
          {why}
        </span>
      </td>
      <td class="number">{countText(summary.images)}</td>
      <td class="number">{countText(summary.nodes)}</td>
      <td>
        <StackedBar counts={countsOf(summary)} />
      </td>
      <td class="number">{shareText(summary.present, summary.cells)}</td>
    </tr>
  );
}

function countsOf(summary: Summary): CountsByState {
  const { cells, present, stale, pulling, waiting, failed, unknown, noAgent } = summary;
  const known = { Present: present, Stale: stale, Pulling: pulling, Waiting: waiting, Failed: failed };
  const Unknown = unknown + noAgent;
  return { ...known, Unknown, Missing: Math.max(0, cells - present - stale - pulling - waiting - failed - Unknown) };
}
