/** How a repository answers instead of serving what was published. */
export type Reaction =
  | {
      readonly do: 'answer';
      readonly status: number;
      /** Behind the number of the status. */
      readonly statusText?: string;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    }
  /** Asks for credentials, then refuses them in a text that repeats them. */
  | { readonly do: 'repeat-credentials' }
  /** Takes the request and never answers. */
  | { readonly do: 'ignore' }
  /** Ends the connection without an answer. */
  | { readonly do: 'reset' }
  /** Says the true length and sends only so much; then nothing more, the connection stays open. */
  | { readonly do: 'stall'; readonly afterBytes: number }
  /** The same, but ends the connection. */
  | { readonly do: 'truncate'; readonly afterBytes: number }
  /** What is left follows at once when `hurry` aborts. */
  | { readonly do: 'trickle'; readonly bytesPerSecond: number; readonly hurry?: AbortSignal }
  /** The true length, other bytes. */
  | { readonly do: 'corrupt' };

export interface Behaviour {
  /** Basic: without exactly these every request is 401. */
  readonly credentials?: { readonly username: string; readonly password: string };
  readonly manifests?: Reaction;
  readonly blobs?: Reaction;
  /** Digests; where given, other blobs are served as usual. */
  readonly onlyBlobs?: readonly string[];
}

/** As registries word it; runtimes show this text to people. */
export function refusal(status: number, code: string, message: string, headers?: Record<string, string>): Reaction {
  const body = JSON.stringify({ errors: [{ code, message }] });
  return { do: 'answer', status, body, headers: { 'content-type': 'application/json', ...headers } };
}
