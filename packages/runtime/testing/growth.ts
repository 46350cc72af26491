import { systemClock } from '@kube-prefetch/time';

const TIMES = 5;

/**
 * How many times as long the work takes for twice the text, with the piece that costs most when it fills the text: 2 where the
 * time grows with the text, 4 where it grows with its square. The fastest of several times counts, because other work on the
 * machine only adds.
 */
export function growth(work: (text: string) => unknown, pieces: readonly string[], length: number): number {
  const costs = pieces.map(piece => ({ piece, ms: fastest(work, fill(piece, length), 1) }));
  const { piece } = costs.reduce((a, b) => (b.ms > a.ms ? b : a));
  const ratios = Array.from(
    { length: TIMES },
    () => fastest(work, fill(piece, 2 * length), TIMES) / fastest(work, fill(piece, length), TIMES),
  );
  return ratios.sort((a, b) => a - b)[Math.floor(TIMES / 2)] as number;
}

export function fill(piece: string, length: number): string {
  return piece.repeat(Math.ceil(length / piece.length)).slice(0, length);
}

function fastest(work: (text: string) => unknown, text: string, times: number): number {
  const tookMs = Array.from({ length: times }, () => {
    const startMs = systemClock.monotonicMs();
    work(text);
    return systemClock.monotonicMs() - startMs;
  });
  return Math.min(...tookMs);
}
