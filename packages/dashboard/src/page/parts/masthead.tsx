import { type BoardConnection, connection } from '../live/board-connection.ts';
import { clockText } from '../live/times.ts';
import { choice, nextChoice } from '../live/theme.ts';

export function Masthead() {
  const now = connection.value;
  return (
    <header class="masthead">
      <h1>
        <Mark />
        kube<b>-prefetch</b>
      </h1>
      <p class={`connection ${now.is}`} role="status">
        {describe(now)}
      </p>
      <span class="spacer" />
      <button type="button" onClick={nextChoice} title="Light, dark, or as the system says">
        {{ auto: 'Auto', light: 'Light', dark: 'Dark' }[choice.value]}
      </button>
    </header>
  );
}

function describe(now: BoardConnection): string {
  switch (now.is) {
    case 'live':
      return 'Live';
    case 'connecting':
      return 'Connecting';
    case 'asleep':
      return 'Asleep';
    case 'elsewhere':
      return 'Another replica leads';
    case 'away':
      return now.since === undefined ? 'No answer' : `No answer since ${clockText(now.since)}; trying again`;
  }
}

/** The icon, in the page's own colours. */
function Mark() {
  const states = ['Present', 'Present', 'Present', 'Present', 'Pulling', 'Pulling', 'Present', 'Present', 'Failed'];
  return (
    <svg class="mark" viewBox="0 0 26 26" aria-hidden="true">
      {states.map((state, i) => (
        <rect key={i} class={state} x={(i % 3) * 9} y={Math.floor(i / 3) * 9} width="7.6" height="7.6" rx="1.8" />
      ))}
    </svg>
  );
}
