import type { CellReport, PermitRequest, NodeReport } from '@kube-prefetch/protocol';

/** The first full report of the process `a`, holding nothing. */
export function aReport(parts: Partial<NodeReport> = {}): NodeReport {
  return { agent: anAgent('a', 1), sequence: 1, full: true, runtime: {}, cells: [], gone: [], ...parts };
}

/** `a:1`, present since the start of 2026. */
export function aCell(parts: Partial<CellReport> = {}): CellReport {
  return { image: 'a:1', state: 'Present', since: '2026-01-01T00:00:00.000Z', ...parts };
}

/** Started in the given second of 2026. */
export function anAgent(id: string, startedAtSecond: number): NodeReport['agent'] {
  return { id, startedAt: `2026-01-01T00:00:${String(startedAtSecond).padStart(2, '0')}.000Z`, version: '0.1.0' };
}

/** Holds nothing, wants nothing, waits for nothing. */
export function aPermitRequest(parts: Partial<PermitRequest> = {}): PermitRequest {
  return { holding: [], wanting: [], waitMs: 0, ...parts };
}

export function want(...images: readonly string[]): PermitRequest['wanting'] {
  return images.map(image => ({ image, priority: 0 }));
}

export function never(): AbortSignal {
  return new AbortController().signal;
}
