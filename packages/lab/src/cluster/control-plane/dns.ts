import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandPrefix, runIn } from '../../machine/index.ts';
import { CONTROL_PLANE, DOMAIN } from '../network/addresses.ts';
import { createService, type Service } from '../../machine/service.ts';

const READY_URL = `http://${CONTROL_PLANE}:8181/ready`;

/** CoreDNS beside the API server, not in a pod: the cluster has names before it has nodes. */
export function createDns(options: {
  dir: string;
  program: string;
  prefix: CommandPrefix;
  kubeconfig: string;
}): Service {
  const { dir, program, prefix, kubeconfig } = options;
  const config = join(dir, 'Corefile');
  writeFileSync(config, corefileOf(kubeconfig));
  return createService({
    name: 'coredns',
    command: program,
    args: ['-conf', config],
    logFile: join(dir, 'log', 'coredns.log'),
    prefix,
    ready: () => runIn(prefix, 'curl', ['-sS', '--fail', '--max-time', '5', READY_URL]),
  });
}

function corefileOf(kubeconfig: string): string {
  return `.:53 {
  bind ${CONTROL_PLANE}
  ready ${CONTROL_PLANE}:8181
  errors
  cache 5
  kubernetes ${DOMAIN} in-addr.arpa {
    kubeconfig ${kubeconfig}
  }
}
`;
}
