import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where administrators' programs, Go and network plugins live, also for a user whose PATH leaves them out. */
const USUAL_FOLDERS = ['/usr/local/go/bin', '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/lib/cni'];

/** The program's path, or undefined where the machine has none. */
export function findProgram(program: string, path = process.env.PATH ?? ''): string | undefined {
  const folders = [...path.split(delimiter).filter(folder => folder !== ''), ...USUAL_FOLDERS];
  return folders.map(folder => join(folder, program)).find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
