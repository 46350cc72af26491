/**
 * When a JSON Web Token says that it ends, in milliseconds since the Unix epoch; undefined where it does not say. Nobody
 * has checked it: good only to trust something for a shorter time.
 */
export function claimedEndMs(token: string): number | undefined {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const { exp } = payload as { exp?: unknown };
    return typeof exp === 'number' ? exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}
