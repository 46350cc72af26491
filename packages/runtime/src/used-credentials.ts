import type { RegistryAuth } from './image-runtime.ts';

/**
 * What pulls of one runtime used lately. What it says of one pull may repeat the credential of another: of one before, or of one
 * whose layer both wait for.
 */
export interface UsedCredentials {
  note(auth: RegistryAuth | undefined): void;
  all(): readonly RegistryAuth[];
}

/** An agent runs 64 pulls at most. */
const MAX_REMEMBERED = 128;
/** Of all together; the credential used last is remembered whatever its length. */
const MAX_LENGTH = 64 * 1024;

export function rememberCredentials(): UsedCredentials {
  /** The longest unused first. */
  const used = new Map<string, RegistryAuth>();
  return {
    note(auth) {
      if (auth === undefined) return;
      const key = JSON.stringify([auth.username, auth.password, auth.identityToken]);
      used.delete(key);
      used.set(key, auth);
      let length = [...used.keys()].reduce((sum, each) => sum + each.length, 0);
      for (const oldest of used.keys()) {
        if (oldest === key || (used.size <= MAX_REMEMBERED && length <= MAX_LENGTH)) break;
        used.delete(oldest);
        length -= oldest.length;
      }
    },
    all: () => [...used.values()],
  };
}
