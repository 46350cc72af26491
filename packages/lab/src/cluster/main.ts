import { down } from './cli/down.ts';
import { exec } from './cli/exec.ts';
import { HELP, type Invocation, readInvocation } from './cli/options.ts';
import { push } from './cli/push.ts';
import { serve } from './cli/serve.ts';
import { stateFile } from './cli/state.ts';
import { up } from './cli/up.ts';

try {
  process.exitCode = await run(readInvocation(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}

async function run({ cluster, command }: Invocation): Promise<number> {
  const file = stateFile(cluster);
  switch (command.verb) {
    case 'help':
      process.stdout.write(HELP);
      return 0;
    case 'up':
      await up(cluster, command);
      return 0;
    case 'serve':
      return serve(file, command);
    case 'down':
      await down(file);
      return 0;
    case 'exec':
      return exec(file.need(), command.node, command.line);
    case 'push':
      await push(file.need(), command.layout, command.image);
      return 0;
  }
}
