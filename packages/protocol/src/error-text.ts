/** What an error says. It may have no message: several attempts to connect that all failed have only a code. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ((error as NodeJS.ErrnoException).code ?? error.name);
}
