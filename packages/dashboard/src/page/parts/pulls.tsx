import type { BoardModel } from '../../model/board-model.ts';
import { bytesText, durationText, shareText, someText } from '../../model/words.ts';

const SHOWN = 8;

/** Rates are on average since the pull began. */
export function Pulls({ model }: { readonly model: BoardModel }) {
  const { total, longest } = model.pulls;
  const rate = longest.reduce(
    (sum, { doneBytes = 0, elapsedMs }) => sum + (elapsedMs > 0 ? doneBytes / elapsedMs : 0),
    0,
  );
  return (
    <section aria-label="Pulls running now">
      <h2>
        Running now{' '}
        <small>
          {total === 0 ? 'no pull' : someText(total, 'pull')}
          {rate > 0 && `, about ${bytesText(rate * 1_000)}/s`}
        </small>
      </h2>
      <ul class="pulls">
        {longest.slice(0, SHOWN).map(({ node, image, elapsedMs, doneBytes, totalBytes, phase }) => {
          const each = doneBytes === undefined || elapsedMs === 0 ? 0 : doneBytes / elapsedMs;
          const isUnpacking = phase === 'Unpacking';
          const left =
            each > 0 && totalBytes !== undefined && !isUnpacking ? (totalBytes - (doneBytes ?? 0)) / each : undefined;
          return (
            <li key={`${node} ${image}`}>
              <bdi class="name">{model.images[image]?.name}</bdi>
              <span class="on">
                on <bdi>{model.nodes[node]?.name}</bdi>
              </span>
              <div class="bar" role="img" aria-label={`${shareText(doneBytes ?? 0, totalBytes ?? 0)} downloaded`}>
                <i
                  class="Pulling"
                  style={{
                    width: `${totalBytes === undefined ? 0 : Math.min(100, ((doneBytes ?? 0) / totalBytes) * 100)}%`,
                  }}
                />
              </div>
              <span class="facts">
                {isUnpacking ? 'unpacks' : doneBytes !== undefined && bytesText(doneBytes)}
                {!isUnpacking && totalBytes !== undefined && ` of ${bytesText(totalBytes)}`}
                {each > 0 && !isUnpacking && `, ${bytesText(each * 1_000)}/s`}
                {left !== undefined && left > 0 && `, ${durationText(left)} left`}
                {left === undefined && `, for ${durationText(elapsedMs)}`}
              </span>
            </li>
          );
        })}
      </ul>
      {total > SHOWN && <p class="more">and {someText(total - SHOWN, 'more', 'more')}</p>}
    </section>
  );
}
