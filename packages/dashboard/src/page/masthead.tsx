import { board, type BoardConnection, connection } from './live.ts';
import { choice, nextChoice } from './theme.ts';

const time = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });

export function Masthead() {
  const now = connection.value;
  return (
    <header class="masthead">
      <h1>
        kube<b>-prefetch</b>
      </h1>
      <p class={`connection ${now.is}`} role="status">
        {describe(now)}
      </p>
      <span class="spacer" />
      {board.value !== undefined && <span class="term">term {board.value.epoch}</span>}
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
      return now.since === undefined ? 'No answer' : `No answer since ${time.format(now.since)}; trying again`;
  }
}
