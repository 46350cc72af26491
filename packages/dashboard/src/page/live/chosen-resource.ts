import type { BoardAsks } from '@kube-prefetch/protocol/board';
import { effect, signal } from '@preact/signals';
import { type AskedCells, openAsks } from '../../model/asked-cells.ts';
import { board, slotsVersion, version } from './board-connection.ts';

/** What a resource asks for may change while nodes and images stay. */
const LOOK_AGAIN_MS = 3_000;

/** The resource whose cells are shown, by its name; undefined: all are. */
export const chosenResource = signal<string | undefined>(undefined);
/** What that one asks for. Until its answer is there, this is of the one before. */
export const asked = signal<{ readonly name: string; readonly cells: AskedCells } | undefined>(undefined);

/** For as long as the page is open. */
export function followChosenResource(): void {
  effect(() => {
    void version.value;
    const { value: name } = chosenResource;
    if (name !== undefined && board.value?.resources.has(name) === false) chosenResource.value = undefined;
  });
  effect(() => {
    void slotsVersion.value;
    const { value: name } = chosenResource;
    if (name === undefined) {
      asked.value = undefined;
      return undefined;
    }
    const over = new AbortController();
    let last = '';
    const look = async () => {
      try {
        const path = name.split(/[ /]/).map(encodeURIComponent).join('/');
        const answer = await fetch(`/v1/asks/${path}`, { cache: 'no-store', signal: over.signal });
        const text = await answer.text();
        const model = board.peek();
        if (!answer.ok || text === last || model === undefined) return;
        last = text;
        const cells = openAsks(JSON.parse(text) as BoardAsks, model.nodes.length, model.images.length);
        asked.value = { name, cells };
      } catch {
        // The masthead says that the coordinator is away; the next look may find it.
      }
    };
    void look();
    const timer = setInterval(() => void look(), LOOK_AGAIN_MS);
    return () => {
      over.abort();
      clearInterval(timer);
    };
  });
}
