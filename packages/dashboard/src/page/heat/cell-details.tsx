import type { NodeView } from '@kube-prefetch/protocol';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { sentenceOf } from '../../model/cell-words.ts';
import { bytesText, durationText, shareText } from '../../model/words.ts';
import { board, version } from '../live/board-connection.ts';
import { clockText } from '../live/times.ts';
import type { ChosenCell } from './heat-map.tsx';

/** Of a cell whose byte stays the same, such as one that downloads. */
const LOOK_AGAIN_MS = 3_000;

type Told = NodeView['images'][number];

export function CellDetails({ cell, close }: { readonly cell: ChosenCell; readonly close: () => void }) {
  void version.value;
  const model = board.value;
  const node = model?.nodes[cell.node]?.name;
  const image = model?.images[cell.image]?.name;
  const byte = model?.cells[cell.node * model.images.length + cell.image] ?? 0;
  return (
    <aside class="details" aria-label="The chosen cell">
      <header>
        <h3>
          <bdi class="name">{image}</bdi>
        </h3>
        <button type="button" onClick={close} aria-label="Close">
          ×
        </button>
      </header>
      <p>
        on <bdi class="name">{node}</bdi>: <b>{sentenceOf(byte)}</b>
      </p>
      {node !== undefined && image !== undefined && (
        // With a key: what was told of another cell is not shown of this one.
        <Answer key={JSON.stringify([node, image])} node={node} image={image} byte={byte} />
      )}
    </aside>
  );
}

/** What the coordinator says of the cell, asked again when its byte changes. */
function Answer({ node, image, byte }: { readonly node: string; readonly image: string; readonly byte: number }) {
  const told = useSignal<Told | string | undefined>(undefined);

  useEffect(() => {
    const over = new AbortController();
    const look = async () => {
      try {
        const answer = await fetch(`/v1/nodes/${encodeURIComponent(node)}`, { cache: 'no-store', signal: over.signal });
        const body = (await answer.json()) as NodeView & { readonly message?: string };
        told.value = answer.ok
          ? (body.images.find(candidate => candidate.image === image) ?? 'The node should not hold this image.')
          : body.message;
      } catch {
        if (!over.signal.aborted) told.value = 'The coordinator does not answer.';
      }
    };
    void look();
    const timer = setInterval(() => void look(), LOOK_AGAIN_MS);
    return () => {
      over.abort();
      clearInterval(timer);
    };
  }, [node, image, byte]);

  if (typeof told.value === 'string') return <p>{told.value}</p>;
  return told.value === undefined ? null : <Facts told={told.value} />;
}

function Facts({ told: { cell, because } }: { readonly told: Told }) {
  const { pull, failure } = cell ?? {};
  const facts: (readonly [string, string])[] = [];
  const add = (name: string, text: string | undefined) => text !== undefined && facts.push([name, text]);
  add('Since', cell && clockText(cell.since));
  add('Waits for', cell?.waitingBecause);
  add('Size', cell?.sizeBytes === undefined ? undefined : bytesText(cell.sizeBytes));
  if (pull !== undefined) {
    const { doneBytes, totalBytes, elapsedMs } = pull;
    const of = totalBytes === undefined ? '' : ` of ${bytesText(totalBytes)}, ${shareText(doneBytes ?? 0, totalBytes)}`;
    if (cell?.state === 'Pulling' && doneBytes !== undefined) add('Bytes', `${bytesText(doneBytes)}${of}`);
    add('Phase', cell?.state === 'Pulling' ? pull.phase : undefined);
    add(cell?.state === 'Pulling' ? 'Running for' : 'Took', durationText(elapsedMs));
    add('Credential', pull.credential);
  }
  if (failure !== undefined) {
    add('Failure', failure.kind);
    add('Runtime says', failure.message);
    add('Failing since', cell?.failingSince && clockText(cell.failingSince));
    add('Tries', cell?.attempts === undefined ? undefined : String(cell.attempts));
    add('Next try', cell?.nextTry && clockText(cell.nextTry));
  }
  return (
    <>
      <dl>
        {facts.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <bdi>{text}</bdi>
            </dd>
          </div>
        ))}
      </dl>
      <ul class="because">
        {because.map(sentence => (
          <li key={sentence}>
            <bdi>{sentence}</bdi>
          </li>
        ))}
      </ul>
    </>
  );
}
