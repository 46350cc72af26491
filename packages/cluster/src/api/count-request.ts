import type { KubeRequest, KubeResponse } from './transport.ts';

/** One exchange with the API server, in words of which there are few. */
export interface CountedRequest {
  /** As RBAC writes it: `list`, `watch`, `get`, `create`, `update`, `patch`. */
  readonly verb: string;
  /** As RBAC writes it: `nodes`, `prefetches.kube-prefetch.io/status`. */
  readonly resource: string;
  /** `2xx`; `none` where no answer came. */
  readonly code: string;
}

export type CountRequest = (request: CountedRequest) => void;

/** Counts once the answer begins: a watch when it is opened, whatever it brings. */
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
