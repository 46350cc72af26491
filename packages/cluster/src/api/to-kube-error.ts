import { MAX_MESSAGE_LENGTH } from '@kube-prefetch/protocol';
import { KubeApiError, type KubeFailure } from './kube-api.ts';

/** The fields of a Kubernetes Status that are used here. */
interface Status {
  readonly kind?: unknown;
  readonly reason?: unknown;
  readonly message?: unknown;
  readonly details?: { readonly retryAfterSeconds?: unknown; readonly causes?: unknown } | null;
}

const FAILURES: Readonly<Record<number, KubeFailure>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
};

/** How an API server answers for a group, a version or a kind that it does not serve. Another 404 is a proxy's. */
const NO_SUCH_PATH = '404 page not found\n';

/** Classifies by the HTTP code, and by the reason where one code has two meanings. */
export function toKubeError(what: string, code: number, answer: unknown, retryAfter?: string): KubeApiError {
  const { kind, reason, message, details }: Status = typeof answer === 'object' && answer !== null ? answer : {};
  const said = typeof message === 'string' ? message.slice(0, MAX_MESSAGE_LENGTH) : shortened(answer);
  const afterSeconds = Number(retryAfter ?? details?.retryAfterSeconds ?? Number.NaN);
  return new KubeApiError(
    code === 404 && kind !== 'Status' && answer !== NO_SUCH_PATH
      ? 'ServerError'
      : failureOf(code, reason, details?.causes),
    `${what}: HTTP ${code}${said === '' ? '' : `, ${said}`}`,
    {
      ...(Number.isFinite(afterSeconds) && { retryAfterMs: Math.max(0, afterSeconds * 1000) }),
    },
  );
}

function failureOf(code: number, reason: unknown, causes: unknown): KubeFailure {
  // Nothing can be created in this namespace any more, and soon it is gone.
  if (Array.isArray(causes) && causes.some(cause => cause?.reason === 'NamespaceTerminating')) return 'NotFound';
  if (reason === 'AlreadyExists') return 'AlreadyExists';
  if (reason === 'Expired') return 'Expired';
  return FAILURES[code] ?? (code >= 400 && code < 500 ? 'Invalid' : 'ServerError');
}

function shortened(answer: unknown): string {
  const text = typeof answer === 'string' ? answer : (JSON.stringify(answer) ?? '');
  return text.trim().slice(0, 200);
}
