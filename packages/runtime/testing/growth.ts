import { systemClock } from '@kube-prefetch/time';

const TIMES = 5;
const TRIES = 4;

/**
 * How many times as long the work takes for texts of twice the length: 2 where the time grows with the text, 4 where it grows
 * with its square. Of several tries the smallest counts, because other work on the machine only adds.
 */
export function growth(work: (text: string) => unknown, pieces: readonly string[], length: number): number {
  const ratios = Array.from({ length: TRIES }, () => {
    const [once, twice] = [length, 2 * length].map(length =>
      pieces.reduce((sum, piece) => sum + fastest(work, fill(piece, length)), 0),
    ) as [number, number];
    return twice / Math.max(once, 0.001);
  });
  return Math.min(...ratios);
}

export function fill(piece: string, length: number): string {
  return piece.repeat(Math.ceil(length / piece.length)).slice(0, length);
}

function fastest(work: (text: string) => unknown, text: string): number {
  const times = Array.from({ length: TIMES }, () => {
    const startMs = systemClock.monotonicMs();
    work(text);
    return systemClock.monotonicMs() - startMs;
  });
  return Math.min(...times);
}
