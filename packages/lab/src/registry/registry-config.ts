import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes the configuration of a registry with its storage in `dir`, which several may share; answers the file. */
export function writeRegistryConfig(dir: string, name: string, address: string): string {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, `${name}.yml`);
  const lines = [
    'version: 0.1',
    'log: {level: warn, accesslog: {disabled: false}}',
    `storage: {filesystem: {rootdirectory: ${JSON.stringify(join(dir, 'storage'))}}, delete: {enabled: true}}`,
    `http: {addr: ${JSON.stringify(address)}}`,
    '',
  ];
  writeFileSync(file, lines.join('\n'));
  return file;
}
