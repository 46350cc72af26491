import type { BoardModel, CountsByState } from '../../model/board-model.ts';
import { failingImages, headlineOf } from '../../model/headline.ts';
import { STATES_IN_ORDER } from '../../model/cell-words.ts';
import { countText, someText } from '../../model/words.ts';

const MAX_FAILING = 5;

export function Overview({ model, counts }: { readonly model: BoardModel; readonly counts: CountsByState }) {
  const { tone, title, detail } = headlineOf(model, counts);
  const failing = failingImages(model);
  const silent = model.nodes.filter(node => node?.agent === 'Silent').length;
  const missing = model.nodes.filter(node => node?.agent === 'None').length;
  return (
    <section class={`overview ${tone}`} aria-label="Overview">
      <h2 id="headline">{title}</h2>
      <p class="detail">{detail}</p>
      <StackedBar counts={counts} />
      <ul class="legend">
        {STATES_IN_ORDER.filter(state => counts[state] > 0).map(state => (
          <li key={state}>
            <i class={`swatch ${state}`} /> {state} <b>{countText(counts[state])}</b>
          </li>
        ))}
      </ul>
      {failing.length > 0 && (
        <ol class="failing" aria-label="What fails">
          {failing.slice(0, MAX_FAILING).map(({ image, reason, message, nodes, examples }) => (
            <li key={`${reason} ${image}`}>
              <bdi class="name">{image}</bdi>
              <span class="reason">{reason}</span> on {someText(nodes, 'node')}, such as <bdi>{examples[0]}</bdi>
              <p>{message}</p>
            </li>
          ))}
          {failing.length > MAX_FAILING && <li class="more">and {failing.length - MAX_FAILING} more</li>}
        </ol>
      )}
      {model.gaps.map(gap => (
        <p class="warning" key={gap}>
          Cannot be read: {gap}
        </p>
      ))}
      {silent > 0 && <p class="warning">{someText(silent, 'node')} fell silent: what they hold is not known</p>}
      {missing > 0 && <p class="warning">{someText(missing, 'node')} without an agent that reports</p>}
    </section>
  );
}

export function StackedBar({ counts }: { readonly counts: CountsByState }) {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return (
    <div class="bar" role="img" aria-label={`${counts.Present} of ${all} are present`}>
      {STATES_IN_ORDER.filter(state => counts[state] > 0).map(state => (
        <i
          key={state}
          class={state}
          style={{ flexGrow: counts[state] }}
          title={`${state}: ${countText(counts[state])}`}
        />
      ))}
    </div>
  );
}
