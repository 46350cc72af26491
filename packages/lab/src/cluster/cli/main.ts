import { down, exec, push } from './commands.ts';
import { HELP, type Invocation, readInvocation } from './options.ts';
import { stateFile } from './state.ts';
import { serve, up } from './up.ts';

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
