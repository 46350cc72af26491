/** One exchange with an API server, whatever carries it. */
export interface KubeRequest {
  /** What it does, and to what, as RBAC writes it. */
  readonly verb: 'list' | 'watch' | 'get' | 'create' | 'update' | 'patch';
  readonly resource: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
  readonly contentType?: string;
}

export interface KubeResponse {
  readonly status: number;
  /** In seconds, as HTTP has it. */
  readonly retryAfter: string | undefined;
  readonly body: AsyncIterable<Uint8Array>;
  /** Gives the connection up when the body is not read to its end. */
  close(): void;
}

/** Throws whatever went wrong underneath. The signal ends the wait for an answer and the reading of its body. */
export type KubeTransport = (request: KubeRequest, signal: AbortSignal) => Promise<KubeResponse>;
