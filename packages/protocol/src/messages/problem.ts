import Type, { type Static } from 'typebox';
import { ERROR_STATUS, type ErrorCode } from '../errors.ts';

/** The body of every answer that is not a success. */
export const Problem = Type.Object({
  code: Type.Enum(Object.keys(ERROR_STATUS) as ErrorCode[]),
  message: Type.String(),
  details: Type.Array(Type.String()),
  /** With NotLeader, where known: where the leader serves agents, `10.0.0.1:7070`. */
  leader: Type.Optional(Type.String({ maxLength: 300 })),
});
export type Problem = Static<typeof Problem>;
