import type { KubeAnswer } from '../connect/kube.ts';

/** What one check found. */
export interface Finding {
  readonly check: string;
  /** `note`: nothing is wrong, and there is something to know. */
  readonly verdict: 'ok' | 'note' | 'look' | 'broken' | 'skipped';
  readonly says: string;
  readonly remedy?: string;
  /** Of the documentation. */
  readonly page?: string;
}

export function labelsOf({ metadata }: KubeAnswer): Readonly<Record<string, string>> {
  return (metadata?.labels as Record<string, string> | undefined) ?? {};
}

/** `coordinator`, `agent`. */
export function componentOf(pod: KubeAnswer): string | undefined {
  return labelsOf(pod)['app.kubernetes.io/component'];
}
