import Type from 'typebox';

/** Bounds of what crosses the wire: a plan or report beyond them is a mistake or an attack, never a cluster. */
export const MAX_IMAGE_REF_LENGTH = 512;
export const MAX_IMAGES_PER_NODE = 2_000;
export const MAX_MESSAGE_LENGTH = 1_024;
/** A full report of MAX_IMAGES_PER_NODE cells with long references and messages. */
export const MAX_BODY_BYTES = 8 * 1024 * 1024;
export const MAX_WAIT_SECONDS = 55;
/** Tags that one node is asked to look up at once. */
export const MAX_LOOKS_PER_NODE = 16;

/** An image reference exactly as a pod writes it; never rewritten before it reaches the runtime. */
export type ImageRef = string;
export const ImageRefSchema = Type.String({ minLength: 1, maxLength: MAX_IMAGE_REF_LENGTH });

/** As registries write them: `sha256:…`, sha384 or sha512. */
export const DigestSchema = Type.String({ maxLength: 135, pattern: '^sha(256|384|512):[0-9a-f]{64,128}$' });

export const MAX_TIMESTAMP_LENGTH = 40;
/** RFC 3339 in UTC, by the sender's wall clock: for people, never for decisions. */
export const Timestamp = Type.String({
  maxLength: MAX_TIMESTAMP_LENGTH,
  pattern: String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$`,
});
