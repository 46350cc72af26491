import type { KubeRequest, KubeResponse } from './transport.ts';

/** The labels of a counted request. Each has few values. */
export interface CountedRequest {
  /** As in RBAC: `list`, `watch`, `get`, `create`, `update`, `patch`. */
  readonly verb: string;
  /** As in RBAC: `nodes`, `prefetches.kube-prefetch.io/status`. */
  readonly resource: string;
  /** `2xx`, or `none` when no answer came. */
  readonly code: string;
}

export type CountRequest = (request: CountedRequest) => void;

/** Counts the request when its answer begins. A watch counts when the server accepts it, however long it lasts. */
export async function countRequest(
  { verb, resource }: KubeRequest,
  count: CountRequest,
  exchange: () => Promise<KubeResponse>,
): Promise<KubeResponse> {
  let code = 'none';
  try {
    const response = await exchange();
    code = `${Math.floor(response.status / 100)}xx`;
    return response;
  } finally {
    count({ verb, resource, code });
  }
}
