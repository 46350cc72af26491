import { FAILURE_KINDS, MAX_IMAGES_PER_NODE, Plan } from '@kube-prefetch/protocol';
import Type, { type Static } from 'typebox';

const Image = Type.String({ minLength: 1 });

/** What outlives the process: enough to go on without a coordinator and to distrust what was distrusted. */
export const SavedState = Type.Object({
  plan: Type.Optional(Plan),
  suspects: Type.Array(
    Type.Object({
      image: Image,
      kind: Type.Enum([...FAILURE_KINDS]),
      message: Type.String(),
      count: Type.Integer({ minimum: 1 }),
    }),
    { maxItems: MAX_IMAGES_PER_NODE },
  ),
  /** Seen present at the last look. */
  present: Type.Array(Image, { maxItems: MAX_IMAGES_PER_NODE }),
});
export type SavedState = Static<typeof SavedState>;

/** Where the agent keeps it. */
export interface StateFile {
  /** Undefined where there is none, or none that can be read: it is then set aside and `problem` says where. */
  load(): Promise<{ readonly saved: SavedState | undefined; readonly problem?: string }>;
  /** All or nothing, also when the machine stops in the middle. Throws when it could not be written. */
  save(state: SavedState): Promise<void>;
}
