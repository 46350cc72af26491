import type { BoardModel, countWaits } from '../../model/board-model.ts';
import { WAITS } from '../../model/cell-words.ts';
import { countText, someText } from '../../model/words.ts';
import { clockText } from '../live/times.ts';

interface WaitsParts {
  readonly model: BoardModel;
  readonly waits: ReturnType<typeof countWaits>;
}

/** What images wait for, and what holds pulls up. Nothing is shown while nothing does. */
export function Waits({ model: { holds }, waits }: WaitsParts) {
  if (waits.length === 0 && holds.total === 0) return null;
  const all = waits.reduce((sum, { count }) => sum + count, 0);
  return (
    <section aria-label="What waits, and for what">
      <h2>
        What waits, and for what {all > 0 && <small>{someText(all, 'image on a node', 'images on nodes')}</small>}
      </h2>
      {waits.length > 0 && (
        <ul class="waits">
          {waits.map(({ reason, count }) => (
            <li key={reason}>
              <b>{countText(count)}</b> {WAITS[reason]}
            </li>
          ))}
        </ul>
      )}
      {holds.total > 0 && (
        <ul class="holds">
          {holds.first.map(({ kind, text, waiting, moreFromMs }) => (
            <li key={`${kind} ${text}`} class={kind}>
              <bdi>{text}</bdi>
              {(waiting > 0 || moreFromMs !== undefined) && (
                <small>
                  {waiting > 0 && someText(waiting, 'pull waits', 'pulls wait')}
                  {waiting > 0 && moreFromMs !== undefined && ', '}
                  {moreFromMs !== undefined && `${MORE[kind]} ${clockText(new Date(moreFromMs))}`}
                </small>
              )}
            </li>
          ))}
          {holds.total > holds.first.length && (
            <li class="more">and {countText(holds.total - holds.first.length)} more</li>
          )}
        </ul>
      )}
    </section>
  );
}

const MORE = { Registry: 'more from', Limit: 'more from', Wave: 'more from', Look: 'next try at' } as const;
