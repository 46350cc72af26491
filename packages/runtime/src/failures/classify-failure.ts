import type { FailureKind } from '@kube-prefetch/protocol';
import { FAILURE_TABLE } from './failure-table.ts';

/** Go names first what it tried, and last why it failed. What a registry adds between them can be of any length. */
const READ_AT_EACH_END = 8 * 1024;

/**
 * The first row of the table that fits. By text, because codes and statuses of runtimes say little: gRPC's "unknown" and
 * HTTP's 500 are nearly everything, and "not found" is also a blob, a platform or a web page.
 */
export function classifyFailure(text: string, code?: number): FailureKind {
  const [asImage = '', asArtifact] = withoutMirrors(bothEnds(text)).split('; artifact err: ');
  const kind = kindOf(asImage, code);
  // CRI-O tries as an artifact what failed as an image. What came first is the reason, unless it was that it is no image.
  if (asArtifact === undefined || (kind !== 'NotAnImage' && kind !== 'Unknown')) return kind;
  const second = kindOf(asArtifact, code);
  return second === 'Unknown' ? kind : second;
}

function kindOf(text: string, code: number | undefined): FailureKind {
  return (
    FAILURE_TABLE.find(row => (row.code === undefined || row.code === code) && row.match.test(text))?.kind ?? 'Unknown'
  );
}

function bothEnds(text: string): string {
  if (text.length <= 2 * READ_AT_EACH_END) return text;
  return `${text.slice(0, READ_AT_EACH_END)}\n${text.slice(-READ_AT_EACH_END)}`;
}

/** CRI-O and podman: how the mirrors failed stands first, but what the registry itself said counts. */
function withoutMirrors(text: string): string {
  const start = text.search(/\((?:Mirrors|Fallback sources) also failed: /);
  const end = text.lastIndexOf(']): ');
  return start < 0 || end < start ? text : text.slice(0, start) + text.slice(end + ']): '.length);
}
