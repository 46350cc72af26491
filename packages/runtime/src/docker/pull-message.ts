/** A line of the answer to `POST /images/create`. */
export interface PullMessage {
  readonly status?: string;
  /** Of a layer; but of `Pulling from` it is the tag. */
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number; readonly units?: string };
  /** The pull failed, whatever the HTTP status was. */
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string };
}

export function isPullMessage(value: unknown): value is PullMessage {
  return typeof value === 'object' && value !== null;
}

export function errorIn({ error, errorDetail }: PullMessage): string | undefined {
  return errorDetail?.message ?? error;
}
