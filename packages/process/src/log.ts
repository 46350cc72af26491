import pino from 'pino';

/** Fields first, then a message that is the same every time: `log.info({ image }, 'pull started')`. */
export type Log = Pick<pino.Logger, 'debug' | 'info' | 'warn' | 'error'>;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogOptions {
  readonly level: LogLevel;
  /** The program's. */
  readonly name: string;
  readonly version: string;
  /** Standard output unless given. */
  readonly destination?: { write(line: string): void };
}

/** One JSON object per line; an error goes under `err`. */
export function createLog({ level, name, version, destination }: LogOptions): Log {
  const options: pino.LoggerOptions = {
    level,
    base: { name, version },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: label => ({ level: label }) },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** For tests of something else. */
export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
