import Type, { type Static } from 'typebox';
import { ImageRefSchema, MAX_MESSAGE_LENGTH } from '../shared-fields.ts';

/** Images of one request: an agent starts few pulls at a time. */
export const MAX_CREDENTIALS_IMAGES = 64;
/** Credentials of one image. The kubelet tries all that match; more than this are a mistake. */
export const MAX_CREDENTIALS_EACH = 64;
/** A key of a cloud's service account, the longest that is in use, has about 2,400 characters. */
export const MAX_CREDENTIAL_LENGTH = 16_384;
export const MAX_CREDENTIALS_PROBLEMS = 16;

/** Asked just before a pull, only for images whose plan item says so. */
export const CredentialsRequest = Type.Object({
  images: Type.Array(
    Type.Object({
      image: ImageRefSchema,
      /** The registry refused all that was answered last: the secrets should be read again. */
      refused: Type.Optional(Type.Boolean()),
    }),
    { maxItems: MAX_CREDENTIALS_IMAGES },
  ),
});
export type CredentialsRequest = Static<typeof CredentialsRequest>;

export const Credential = Type.Object({
  /** Where it is from, for people: `secret shop/regcred`. */
  from: Type.String({ maxLength: MAX_MESSAGE_LENGTH }),
  username: Type.String({ maxLength: MAX_CREDENTIAL_LENGTH }),
  password: Type.String({ maxLength: MAX_CREDENTIAL_LENGTH }),
  identityToken: Type.Optional(Type.String({ maxLength: MAX_CREDENTIAL_LENGTH })),
});
export type Credential = Static<typeof Credential>;

export const ImageCredentials = Type.Object({
  image: ImageRefSchema,
  /** All that fit the image's registry, in the order to try. */
  credentials: Type.Array(Credential, { maxItems: MAX_CREDENTIALS_EACH }),
  /** Some ask that wants the image has no credential for its registry: after all others it may be pulled without one. */
  anonymous: Type.Boolean(),
  /** What was left out, a sentence each: names, no contents. */
  problems: Type.Array(Type.String({ maxLength: MAX_MESSAGE_LENGTH }), { maxItems: MAX_CREDENTIALS_PROBLEMS }),
  /** Something needed cannot be had for now: start no pull, and show this sentence. */
  waitFor: Type.Optional(Type.String({ maxLength: MAX_MESSAGE_LENGTH })),
});
export type ImageCredentials = Static<typeof ImageCredentials>;

/** Of the images asked for, those that the node's plan holds and that come with pull secrets. */
export const CredentialsAnswer = Type.Object(
  {
    epoch: Type.Integer({ minimum: 0 }),
    images: Type.Array(ImageCredentials, { maxItems: MAX_CREDENTIALS_IMAGES }),
  },
  { secret: true },
);
export type CredentialsAnswer = Static<typeof CredentialsAnswer>;
