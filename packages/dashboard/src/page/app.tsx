import { board, connection, version } from './live.ts';
import { Masthead } from './masthead.tsx';
import { Overview } from './overview.tsx';
import { Resources } from './resources.tsx';
import { Elsewhere } from './elsewhere.tsx';

export function App() {
  void version.value;
  const model = board.value;
  const { value: now } = connection;
  return (
    <>
      <Masthead />
      <main class={now.is === 'away' ? 'stale' : ''}>
        {now.is === 'elsewhere' ? (
          <Elsewhere problem={now.problem} />
        ) : model === undefined ? (
          <p class="loading">
            {now.is === 'away' ? `The coordinator does not answer: ${now.why}` : 'Asking the coordinator…'}
          </p>
        ) : (
          <>
            <Overview model={model} />
            <Resources model={model} />
          </>
        )}
      </main>
    </>
  );
}
