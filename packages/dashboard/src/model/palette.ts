import type { CellState } from '@kube-prefetch/protocol/cell';

export type Scheme = 'light' | 'dark';

/**
 * Most cells are present, so that is the quiet colour. Any two can be told apart with each of the three kinds of colour
 * blindness: they differ in lightness where hues fall together.
 */
export const PALETTE: Readonly<Record<Scheme, Readonly<Record<CellState | 'Nothing', string>>>> = {
  light: {
    Present: '#5db9a2',
    Pulling: '#1b62c9',
    Waiting: '#f0b323',
    Missing: '#cdd5dd',
    Stale: '#4f1a73',
    Failed: '#b3260d',
    Unknown: '#717c8a',
    Nothing: '#fbfcfd',
  },
  dark: {
    Present: '#23796c',
    Pulling: '#62b0ff',
    Waiting: '#f3c64b',
    Missing: '#3a444e',
    Stale: '#a03df0',
    Failed: '#ff5c33',
    Unknown: '#98a3af',
    Nothing: '#171e25',
  },
};

/** Red, green, blue from `#rrggbb`. */
export function channelsOf(colour: string): readonly [number, number, number] {
  const number = Number.parseInt(colour.slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}

/** As the pixel of an ImageData is kept in a Uint32Array on the machines that browsers run on. */
export function pixelOf(colour: string): number {
  const [red, green, blue] = channelsOf(colour);
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
