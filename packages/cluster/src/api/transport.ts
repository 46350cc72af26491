/** An HTTP request to an API server. */
export interface KubeRequest {
  /** As RBAC writes verbs, and resources below. */
  readonly verb: 'list' | 'watch' | 'get' | 'create' | 'update' | 'patch';
  readonly resource: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
  readonly contentType?: string;
  /** JSON of the object itself unless told. */
  readonly accept?: string;
  /** The ETag of an answer that is known: the server answers 304 while it is still the same. */
  readonly known?: string | undefined;
}

export interface KubeResponse {
  readonly status: number;
  /** Seconds, as in the header. */
  readonly retryAfter: string | undefined;
  readonly etag?: string | undefined;
  readonly body: AsyncIterable<Uint8Array>;
  /** Closes the connection unless the body was read to its end. */
  close(): void;
}

/** Throws the HTTP client's own errors. The signal ends the wait for the answer and the reading of its body. */
export type KubeTransport = (request: KubeRequest, signal: AbortSignal) => Promise<KubeResponse>;

/** For every request but a watch. */
export const ANSWER_WITHIN_MS = 30_000;
/** The server is asked to end a watch after this time. */
export const WATCH_SECONDS = 300;
/**
 * The longest answer that is read at once. Parsing one takes three to six times as much memory, and the coordinator has 1 GiB. A
 * longer page is asked for again in halves.
 */
export const MAX_ANSWER_BYTES = 32 * 2 ** 20;
