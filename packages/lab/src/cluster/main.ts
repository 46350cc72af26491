import { down } from './cli/down.ts';
import { exec } from './cli/exec.ts';
import { type Command, HELP, readCommand } from './cli/options.ts';
import { push } from './cli/push.ts';
import { serve } from './cli/serve.ts';
import { up } from './cli/up.ts';

try {
  process.exitCode = await run(readCommand(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}

async function run(command: Command): Promise<number | undefined> {
  switch (command.verb) {
    case 'help':
      return void process.stdout.write(HELP);
    case 'up':
      return up(command).then(() => 0);
    case 'serve':
      return serve(command).then(() => undefined);
    case 'down':
      return down().then(() => 0);
    case 'exec':
      return exec(command.node, command.line);
    case 'push':
      return push(command.layout, command.image).then(() => 0);
  }
}
