import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandPrefix, createService, runIn, type Service, THIS_MACHINE } from '../machine/index.ts';
import { writeRegistryConfig } from './start-registry.ts';

/** Lines of htpasswd for the user `reader` by password, hashed by bcrypt as htpasswd does it. */
export const READER = {
  'first-password': 'reader:$2b$04$KWKnxVRbkheaGMrOYlRy6uu4U4cLM/riankuF1DqDLPFb7A9PXNWm\n',
  'second-password': 'reader:$2b$04$RG4a8JFTxypzZEvm2FWLiuOn9BfEeYo6DDtM/qpw0fi9rj.fvvFya\n',
} as const;

export interface GuardedRegistry extends Service {
  readonly address: string;
  /** From now on these may log in, and nobody else. */
  setUsers(users: string): void;
}

/** Debian's docker-registry with htpasswd, on the storage that another registry keeps in `dir`. `users`: lines of htpasswd. */
export async function startGuardedRegistry(options: {
  readonly dir: string;
  readonly address: string;
  readonly users: string;
  readonly logFile: string;
  readonly prefix?: CommandPrefix;
}): Promise<GuardedRegistry> {
  const { dir, address, users, logFile, prefix = THIS_MACHINE } = options;
  const htpasswd = join(dir, 'htpasswd');
  // Read again when it is newer. One that was read half written may be no newer once it is whole.
  const setUsers = (lines: string) => {
    writeFileSync(`${htpasswd}.new`, lines);
    renameSync(`${htpasswd}.new`, htpasswd);
  };
  setUsers(users);
  const auth = `{htpasswd: {realm: private, path: ${JSON.stringify(htpasswd)}}}`;
  const service = createService({
    name: 'private registry',
    command: 'docker-registry',
    args: ['serve', writeRegistryConfig(dir, 'private', address, auth)],
    logFile,
    prefix,
    // Without a name it answers 401.
    ready: () => runIn(prefix, 'curl', ['-sS', '--max-time', '5', `http://${address}/v2/`]),
  });
  await service.start();
  return { ...service, address, setUsers };
}
