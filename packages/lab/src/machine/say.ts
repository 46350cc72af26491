/** Where the lab tells people what it does: one line each. */
export type Say = (line: string) => void;

/** Standard error, so that a program's own output stays clean. */
export const sayToStderr: Say = line => void process.stderr.write(`${line}\n`);
