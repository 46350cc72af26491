import { Code } from '@connectrpc/connect';
import type { FailureKind } from '@kube-prefetch/protocol';
import { classifyFailure as classifyEngineFailure } from '../docker/classify-failure.ts';
import { FAILURE_TABLE } from './failure-table.ts';

/**
 * The first row of the table that fits. By text, because the codes say little: runtimes use "unknown" for nearly everything
 * and "not found" also for a blob, a platform or a web page.
 */
export function classifyFailure(code: Code, text: string): FailureKind {
  // CRI-O tries a failed image as an artifact and appends how that failed; what came first is the reason.
  const [reason = ''] = text.split('; artifact err:');
  return (
    FAILURE_TABLE.find(row => (row.code === undefined || row.code === code) && row.match.test(reason))?.kind ??
    'Unknown'
  );
}

/** cri-dockerd passes on what the Docker Engine behind it says. */
export function classifyDockerdFailure(code: Code, text: string): FailureKind {
  const kind = classifyFailure(code, text);
  return kind === 'Unknown' ? classifyEngineFailure(text) : kind;
}
