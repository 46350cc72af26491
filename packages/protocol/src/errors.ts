import Type, { type Static } from 'typebox';

/**
 * Every error that crosses the wire, once. docs/errors.md explains each; a test ties the two together. A retired code is
 * never reused.
 */
export const ERROR_STATUS = {
  InvalidRequest: 400,
  /** No token, or none that is good here. */
  Unauthenticated: 401,
  /** A good token, of somebody who may not ask this. */
  Forbidden: 403,
  UnknownNode: 404,
  UnknownRoute: 404,
  UnknownImage: 404,
  OlderAgent: 409,
  BodyTooLarge: 413,
  /** Another replica leads; the problem names its address where it is known. */
  NotLeader: 421,
  Internal: 500,
  NotReady: 503,
  ShuttingDown: 503,
  Overloaded: 503,
  /** The API server could not be asked whose token it is. */
  IdentityUnavailable: 503,
  /** No answer at all, or one that is not ours; made by the client, never sent. */
  Unreachable: 0,
} as const;
export type ErrorCode = keyof typeof ERROR_STATUS;

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;
  /** One line per problem found, where a request had several. */
  readonly details: readonly string[];
  /** With NotLeader: where the leader serves agents, `10.0.0.1:7070`. */
  readonly leader: string | undefined;
  /** With NotLeader: its pod, `NAMESPACE/NAME`. */
  readonly leaderPod: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { details?: readonly string[]; leader?: string; leaderPod?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.details = options.details ?? [];
    this.leader = options.leader;
    this.leaderPod = options.leaderPod;
  }
}

/** The body of every answer that is not a success. */
export const Problem = Type.Object({
  code: Type.Enum(Object.keys(ERROR_STATUS) as ErrorCode[]),
  message: Type.String(),
  details: Type.Array(Type.String()),
  /** With NotLeader, where known: where the leader serves agents, `10.0.0.1:7070`. */
  leader: Type.Optional(Type.String({ maxLength: 300 })),
  /** With NotLeader, where known: the leader's pod, `NAMESPACE/NAME`. */
  leaderPod: Type.Optional(Type.String({ maxLength: 600 })),
});
export type Problem = Static<typeof Problem>;

/** What an error says. It may have no message: several attempts to connect that all failed have only a code. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ((error as NodeJS.ErrnoException).code ?? error.name);
}
