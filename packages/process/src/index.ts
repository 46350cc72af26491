export { boundConnections, type ConnectionLimits, refusePipelining } from './bound-connections.ts';
export type { ProgramTitle } from './config/print-help.ts';
export { PROCESS_SETTINGS } from './config/process-settings.ts';
export { readConfig, readConfigOrExit } from './config/read-config.ts';
export type { Address, Config, Settings } from './config/setting.ts';
export { keepScrape } from './keep-scrape.ts';
export { createLog, type Log, silentLog } from './log.ts';
export { isLoopback } from './loopback.ts';
export { runUntilSignalled } from './run-until-signalled.ts';
