import { board, connection, counts, version, waits } from './live/board-connection.ts';
import { Masthead } from './parts/masthead.tsx';
import { HeatMap } from './heat/heat-map.tsx';
import { LastHour } from './parts/last-hour.tsx';
import { Overview } from './parts/overview.tsx';
import { Pulls } from './parts/pulls.tsx';
import { Resources } from './parts/resources.tsx';
import { Elsewhere } from './parts/elsewhere.tsx';
import { Waits } from './parts/waits.tsx';

export function App() {
  void version.value;
  const model = board.value;
  const { value: byState } = counts;
  const { value: now } = connection;
  return (
    <>
      <Masthead />
      <main class={now.is === 'away' ? 'stale' : ''}>
        {now.is === 'elsewhere' ? (
          <Elsewhere problem={now.problem} />
        ) : model === undefined || byState === undefined ? (
          <p class="loading">
            {now.is === 'away' ? `The coordinator does not answer: ${now.why}` : 'Asking the coordinator…'}
          </p>
        ) : (
          <>
            <Overview model={model} counts={byState} />
            <Resources model={model} />
            <HeatMap />
            <div class="pair">
              <Pulls model={model} />
              <div class="stack">
                <Waits model={model} waits={waits.value ?? []} />
                <LastHour model={model} />
              </div>
            </div>
          </>
        )}
      </main>
    </>
  );
}
