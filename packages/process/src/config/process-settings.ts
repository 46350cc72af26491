import { LOG_LEVELS } from '../log.ts';

/** The rows that every program has. */
export const PROCESS_SETTINGS = {
  logLevel: {
    type: 'choice',
    flag: 'log-level',
    env: 'KUBE_PREFETCH_LOG_LEVEL',
    choices: LOG_LEVELS,
    default: 'info',
    meaning: 'least severe log lines to write',
  },
  graceMs: {
    type: 'duration',
    flag: 'grace',
    env: 'KUBE_PREFETCH_GRACE',
    min: '100ms',
    max: '10m',
    default: '10s',
    meaning: 'how long after SIGTERM the process may take to stop',
  },
} as const;
