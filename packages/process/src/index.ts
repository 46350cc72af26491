export type { Program } from './config/print-help.ts';
export { readConfig } from './config/read-config.ts';
export { readConfigOrExit } from './config/read-config-or-exit.ts';
export type { Address, Config, Settings } from './config/setting.ts';
export { createLog, type Log, silentLog } from './log.ts';
export { runUntilSignalled } from './run-until-signalled.ts';
export { PROCESS_SETTINGS } from './settings.ts';
