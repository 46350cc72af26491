import { useComputed, useSignal } from '@preact/signals';
import type { CellState } from '@kube-prefetch/protocol/cell';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { sentenceOf, STATES_IN_ORDER } from '../../model/cell-words.ts';
import { countStates } from '../../model/board-model.ts';
import {
  countShown,
  type GroupBy,
  type HeatChoice,
  type HeatOrder,
  orderHeat,
  shownByte,
} from '../../model/heat-order.ts';
import {
  cellAt,
  fitAll,
  type HeatSize,
  type HeatView,
  keepInside,
  pan,
  reveal,
  zoomAt,
} from '../../model/heat-view.ts';
import { countText } from '../../model/words.ts';
import { board, counts, slotsVersion, version, watchCells } from '../live/board-connection.ts';
import { asked, chosenResource } from '../live/chosen-resource.ts';
import { scheme } from '../live/theme.ts';
import { CellDetails } from './cell-details.tsx';
import { type HeatMargin, labelsShown, marginOf, Painter } from './painter.ts';
import { SearchField } from '../parts/search-field.tsx';

const LOWEST = 140;
const HIGHEST = 760;
const ROW_HEIGHT = 19;
/** For labels of nodes and groups. */
const ABOVE_ROWS = 94;
const ZOOM_STEP = 1.5;

/** A cell by its slots, which stay when others come and go. */
export interface ChosenCell {
  readonly node: number;
  readonly image: number;
}

/** Nodes from left to right, images from top to bottom. */
export function HeatMap() {
  const groupBy = useSignal<GroupBy>('nothing');
  const imageText = useSignal('');
  const nodeText = useSignal('');
  const states = useSignal<ReadonlySet<CellState>>(new Set());
  const chosen = useSignal<ChosenCell | undefined>(undefined);
  const model = board.value;
  /** Whatever state cells are in. */
  const inAnyState = useComputed(() => {
    void slotsVersion.value;
    const choice: HeatChoice = {
      groupBy: groupBy.value,
      imageText: imageText.value,
      nodeText: nodeText.value,
      states: new Set(),
      asked: asked.value?.cells,
    };
    return board.value && { choice, order: orderHeat(board.value, choice) };
  });
  const order = useComputed(() => {
    const all = inAnyState.value;
    if (board.value === undefined || all === undefined || states.value.size === 0) return all?.order;
    // Every change of a cell may show or hide something.
    void version.value;
    return orderHeat(board.value, { ...all.choice, states: states.value });
  });
  const shownCounts = useComputed(() => {
    const all = inAnyState.value;
    const isAll = asked.value === undefined && imageText.value === '' && nodeText.value === '';
    if (board.value === undefined || all === undefined || isAll) return counts.value;
    void version.value;
    return countStates(countShown(board.value, all.order));
  });
  const { value: byState } = shownCounts;
  if (model === undefined || order.value === undefined || byState === undefined) return null;
  const labels = {
    zone: model.nodes.some(node => node?.zone !== undefined),
    pool: model.nodes.some(node => node?.pool !== undefined),
  };
  const toggle = (state: CellState) => {
    const next = new Set(states.value);
    if (!next.delete(state)) next.add(state);
    states.value = next;
  };
  return (
    <section class="heat" aria-label="Every image on every node">
      <div class="toolbar">
        <h2>Every image on every node</h2>
        <SearchField label="Filter images" text={imageText} />
        <SearchField label="Filter nodes" text={nodeText} />
        {(labels.zone || labels.pool) && (
          <label>
            Group by{' '}
            <select value={groupBy.value} onChange={event => (groupBy.value = event.currentTarget.value as GroupBy)}>
              <option value="nothing">nothing</option>
              {labels.pool && <option value="pool">pool</option>}
              {labels.zone && <option value="zone">zone</option>}
            </select>
          </label>
        )}
        {asked.value !== undefined && (
          <button
            type="button"
            class="chip only"
            aria-label={`Show the images of all resources, not only of ${asked.value.name}`}
            onClick={() => (chosenResource.value = undefined)}
          >
            only <bdi>{asked.value.name}</bdi> ×
          </button>
        )}
        <span class="spacer" />
        <span class="shown">
          {countText(order.value.rows.length)} × {countText(order.value.columns.length)}
        </span>
      </div>
      <div class="chips" role="group" aria-label="Show only states">
        {STATES_IN_ORDER.filter(state => byState[state] > 0 || states.value.has(state)).map(state => (
          <button
            type="button"
            key={state}
            class="chip"
            aria-pressed={states.value.has(state)}
            onClick={() => toggle(state)}
          >
            <i class={`swatch ${state}`} /> {state} <b>{countText(byState[state])}</b>
          </button>
        ))}
        {states.value.size > 0 && (
          <button type="button" class="chip" onClick={() => (states.value = new Set())}>
            All
          </button>
        )}
      </div>
      {order.value.columns.length === 0 || order.value.rows.length === 0 ? (
        <p class="loading">No cell is like that.</p>
      ) : (
        <Table order={order.value} chosen={chosen.value} choose={cell => (chosen.value = cell)} />
      )}
      {model.leftOut > 0 && (
        <p class="warning">{countText(model.leftOut)} images are left out: the page shows 4 million cells at most</p>
      )}
      {chosen.value !== undefined && <CellDetails cell={chosen.value} close={() => (chosen.value = undefined)} />}
    </section>
  );
}

interface TableParts {
  readonly order: HeatOrder;
  readonly chosen: ChosenCell | undefined;
  readonly choose: (cell: ChosenCell | undefined) => void;
}

function Table({ order, chosen, choose }: TableParts) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const table = useRef<ReturnType<typeof tableOn>>(undefined);
  const tip = useRef<HTMLDivElement>(null);
  const said = useSignal('');

  useLayoutEffect(() => {
    if (canvas.current === null || tip.current === null) return undefined;
    const made = tableOn(canvas.current, tip.current, cell => (said.value = cell));
    table.current = made;
    return () => made.end();
  }, []);
  useLayoutEffect(() => table.current?.show(order, chosen, choose));
  useEffect(() => watchCells(touched => table.current?.changed(touched)), []);

  return (
    <div class="table">
      <canvas
        ref={canvas}
        tabIndex={0}
        role="application"
        aria-label="Table of images and nodes. Arrows choose a cell, plus and minus zoom, 0 shows all, Escape leaves the cell."
        aria-describedby="said"
      />
      <div class="zoom">
        <button type="button" aria-label="Zoom in" onClick={() => table.current?.zoom(ZOOM_STEP)}>
          +
        </button>
        <button type="button" aria-label="Zoom out" onClick={() => table.current?.zoom(1 / ZOOM_STEP)}>
          −
        </button>
        <button type="button" onClick={() => table.current?.fit()}>
          All
        </button>
      </div>
      <div ref={tip} class="tip" hidden />
      <p id="said" class="hidden" aria-live="polite">
        {said.value}
      </p>
    </div>
  );
}

/** What happens on the canvas, beside the components: it is drawn at most once a frame, and only when something changed. */
function tableOn(canvas: HTMLCanvasElement, tip: HTMLElement, say: (text: string) => void) {
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  const painter = new Painter();
  const over = new AbortController();
  const { signal } = over;
  let order: HeatOrder | undefined;
  let view: HeatView | undefined;
  let chosen: ChosenCell | undefined;
  let choose: TableParts['choose'] = () => {};
  let width = 0;
  let height = 0;
  let due = false;
  let isFitted = true;
  let drag: { x: number; y: number; moved: boolean } | undefined;

  let margin: HeatMargin = { left: 0, top: 0 };
  const sizeOf = (shown: HeatOrder): HeatSize => ({
    columns: shown.columns.length,
    rows: shown.rows.length,
    width: Math.max(1, width - margin.left),
    height: Math.max(1, height - margin.top),
  });
  const selected = () => {
    if (chosen === undefined || order === undefined) return undefined;
    const [column = -1, row = -1] = [order.columnOf[chosen.node], order.rowOf[chosen.image]];
    return column < 0 || row < 0 ? undefined : { column, row };
  };
  const soon = () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      draw();
    });
  };
  const draw = () => {
    const model = board.peek();
    if (model === undefined || order === undefined || width === 0) return;
    if (view === undefined || isFitted) {
      margin = marginOf(order, width, { rows: true, columns: true });
      view = fitAll(sizeOf(order));
    }
    margin = marginOf(order, width, labelsShown(view));
    const size = sizeOf(order);
    view = isFitted ? fitAll(size) : keepInside(view, size);
    painter.draw(context, {
      model,
      order,
      view,
      size,
      margin,
      scheme: scheme.peek(),
      selected: selected(),
      pixelRatio: devicePixelRatio,
    });
  };
  const move = (next: (view: HeatView, size: HeatSize) => HeatView) => {
    if (view === undefined || order === undefined) return;
    view = next(view, sizeOf(order));
    isFitted = false;
    soon();
  };
  const zoom = (factor: number, point = { x: (width - margin.left) / 2, y: (height - margin.top) / 2 }) =>
    move((now, size) => zoomAt(now, size, factor, point));
  const resize = () => {
    width = canvas.clientWidth;
    const rows = order?.rows.length ?? 0;
    height = Math.min(HIGHEST, Math.max(LOWEST, rows * ROW_HEIGHT + ABOVE_ROWS));
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(height * devicePixelRatio);
    draw();
  };
  const find = (event: MouseEvent): ChosenCell | undefined => {
    if (view === undefined || order === undefined) return undefined;
    const at = cellAt(view, sizeOf(order), event.offsetX - margin.left, event.offsetY - margin.top);
    return at && { node: order.columns[at.column] as number, image: order.rows[at.row] as number };
  };
  const textOf = ({ node, image }: ChosenCell): readonly [string, string, string] => {
    const model = board.peek();
    const byte = model?.cells[node * model.images.length + image] ?? 0;
    const isHidden = model !== undefined && order !== undefined && shownByte(model, order, node, image) !== byte;
    const said = isHidden ? `${sentenceOf(byte)}, for another resource` : sentenceOf(byte);
    return [model?.images[image]?.name ?? '', model?.nodes[node]?.name ?? '', said];
  };
  const showTip = (event: MouseEvent) => {
    const cell = drag?.moved ? undefined : find(event);
    tip.hidden = cell === undefined;
    if (cell === undefined) return;
    tip.replaceChildren(
      ...textOf(cell).map((text, i) => {
        const line = document.createElement(i < 2 ? 'bdi' : 'span');
        line.textContent = text;
        return line;
      }),
    );
    tip.style.left = `${Math.min(event.offsetX + 14, width - tip.offsetWidth - 4)}px`;
    tip.style.top = `${event.offsetY + 16}px`;
  };
  const choosePlace = (column: number, row: number) => {
    if (order === undefined) return;
    const cell = {
      node: order.columns[Math.max(0, Math.min(column, order.columns.length - 1))] as number,
      image: order.rows[Math.max(0, Math.min(row, order.rows.length - 1))] as number,
    };
    choose(cell);
    say(textOf(cell).join(', '));
    move((now, size) => reveal(now, size, order?.columnOf[cell.node] ?? 0, order?.rowOf[cell.image] ?? 0));
  };
  const keys: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => step(-1, 0),
    ArrowRight: () => step(1, 0),
    ArrowUp: () => step(0, -1),
    ArrowDown: () => step(0, 1),
    PageUp: () => step(0, -10),
    PageDown: () => step(0, 10),
    Home: () => step(-Infinity, 0),
    End: () => step(Infinity, 0),
    '+': () => zoom(ZOOM_STEP),
    '=': () => zoom(ZOOM_STEP),
    '-': () => zoom(1 / ZOOM_STEP),
    '0': () => fit(),
    Escape: () => choose(undefined),
  };
  const step = (dx: number, dy: number) => {
    const from = selected() ?? { column: Math.ceil(view?.x ?? 0) - dx, row: Math.ceil(view?.y ?? 0) - dy };
    choosePlace(from.column + dx, from.row + dy);
  };
  const fit = () => {
    isFitted = true;
    soon();
  };

  canvas.addEventListener(
    'keydown',
    event => {
      const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
      if (act === undefined) return;
      event.preventDefault();
      act();
    },
    { signal },
  );
  canvas.addEventListener(
    'wheel',
    event => {
      if (view === undefined || order === undefined) return;
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        const point = { x: event.offsetX - margin.left, y: event.offsetY - margin.top };
        return zoom(Math.exp(-event.deltaY / 300), point);
      }
      const next = pan(
        view,
        sizeOf(order),
        event.shiftKey ? event.deltaY : event.deltaX,
        event.shiftKey ? 0 : event.deltaY,
      );
      // At its edge the table lets the page scroll.
      if (next.x === view.x && next.y === view.y) return;
      event.preventDefault();
      move(() => next);
    },
    { signal, passive: false },
  );
  canvas.addEventListener(
    'pointerdown',
    event => {
      drag = { x: event.clientX, y: event.clientY, moved: false };
      canvas.setPointerCapture(event.pointerId);
    },
    { signal },
  );
  canvas.addEventListener(
    'pointermove',
    event => {
      if (drag !== undefined && (event.buttons & 1) === 1) {
        const [dx, dy] = [drag.x - event.clientX, drag.y - event.clientY];
        if (drag.moved || Math.hypot(dx, dy) > 4) {
          drag = { x: event.clientX, y: event.clientY, moved: true };
          move((now, size) => pan(now, size, dx, dy));
        }
      }
      showTip(event);
    },
    { signal },
  );
  canvas.addEventListener(
    'pointerup',
    event => {
      const isClick = drag?.moved === false;
      drag = undefined;
      if (isClick) choose(find(event));
    },
    { signal },
  );
  canvas.addEventListener('pointerleave', () => (tip.hidden = true), { signal });
  canvas.addEventListener(
    'dblclick',
    event => zoom(ZOOM_STEP * ZOOM_STEP, { x: event.offsetX - margin.left, y: event.offsetY - margin.top }),
    { signal },
  );
  const sizes = new ResizeObserver(resize);
  sizes.observe(canvas.parentElement as HTMLElement);
  const recolour = scheme.subscribe(soon);

  return {
    zoom,
    fit,
    show(next: HeatOrder, cell: ChosenCell | undefined, onChoose: TableParts['choose']) {
      const isOther = order !== next;
      if (order?.columns.length !== next.columns.length || order.rows.length !== next.rows.length) isFitted = true;
      order = next;
      chosen = cell;
      choose = onChoose;
      if (isOther) resize();
      else soon();
    },
    changed({ cells }: { readonly cells: 'all' | readonly number[] }) {
      if (cells === 'all') painter.forget();
      else painter.change(cells);
      soon();
    },
    end() {
      over.abort();
      sizes.disconnect();
      recolour();
    },
  };
}
