/** What the program ends with; docs/cli.md lists them. */
export const EXIT = {
  done: 0,
  /** It could not be asked or done. */
  error: 1,
  usage: 2,
  /** Asked and answered: it is not warm and cannot become so as it is; or `doctor` found what does not work. */
  no: 3,
  timeout: 4,
  interrupted: 130,
} as const;

/** Ends the program with its message on standard error. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;
  /** What to do about it, a line each. */
  readonly hints: readonly string[];

  constructor(
    message: string,
    {
      exitCode = EXIT.error,
      hints = [],
      cause,
    }: { exitCode?: number; hints?: readonly string[]; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.exitCode = exitCode;
    this.hints = hints;
  }
}
