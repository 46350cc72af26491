import type { LabelSelector } from '@kube-prefetch/protocol';
import tab from '@bomb.sh/tab/commander';
import { Command, InvalidArgumentError, Option } from 'commander';
import { explain, type ExplainOptions } from './commands/explain.ts';
import type { WaitGoal } from './commands/judge-wait.ts';
import { waitFor, type WaitOptions } from './commands/wait.ts';
import { type CompletedNames, NO_NAMES } from './commands/completed-names.ts';
import { type DoctorOptions, examine } from './commands/doctor.ts';
import { openPage, type PageOptions } from './commands/ui.ts';
import { warm, type WarmOptions } from './commands/warm.ts';
import { parseSelector } from './warm/warm-resources.ts';
import { parseDuration } from './print/quantities.ts';
import { OUTPUTS, type OutputFormat } from './commands/output.ts';
import { plan, type PlanOptions } from './commands/plan.ts';
import { showStatus, type StatusOptions } from './commands/status.ts';
import type { LeaseName } from './connect/find-leader.ts';
import { type Context, createContext, type GlobalOptions } from './connect/context.ts';
import { EXIT } from './print/cli-error.ts';

const VERSION = '0.1.0';

const EPILOGUE = `
Names of resources: web or prefetch/web (pf/web) in the namespace, clusterprefetch/base (cpf/base).

Exit codes: ${EXIT.done} done, ${EXIT.error} it could not be asked or done, ${EXIT.usage} wrong usage, ${EXIT.no} not warm and cannot become so (or doctor found
something), ${EXIT.timeout} time ran out, ${EXIT.interrupted} interrupted.`;

/** Every command with its options. `begin` is given what a command was told, and makes what it works with. */
export function createProgram(
  surroundings: Pick<Context, 'terminal' | 'clock' | 'signal'>,
  names: CompletedNames = NO_NAMES,
): Command {
  const program = new Command('kubectl-prefetch')
    .usage('COMMAND [options]')
    .description('Is it warm, and if not, why: kube-prefetch seen from the command line.')
    .version(VERSION, '--version', 'print the version')
    .addHelpText('after', EPILOGUE)
    .helpOption('-h, --help', 'print this')
    .helpCommand(false)
    .showHelpAfterError('Add --help for what can be said.')
    .configureOutput({ writeOut: surroundings.terminal.out, writeErr: surroundings.terminal.err });

  const command = (usage: string, summary: string) => {
    const made = withGlobalOptions(new Command(usage.split(' ')[0]).description(summary));
    for (const argument of usage.split(' ').slice(1))
      made.argument(argument.startsWith('[') ? argument : `<${argument}>`);
    made.copyInheritedSettings(program).helpOption('-h, --help', 'print this');
    program.addCommand(made);
    return made;
  };
  const run =
    <Rest extends unknown[]>(action: (context: Context, ...rest: Rest) => Promise<void>) =>
    async (...given: unknown[]) => {
      const rest = given.slice(0, -1);
      const options = rest.at(-1) as GlobalOptions;
      await action(createContext(options, surroundings), ...(rest as Rest));
    };

  command('status [RESOURCE]', 'what is warm and what is not, and why')
    .addOption(outputOption(OUTPUTS))
    .option('-A, --all-namespaces', 'Prefetches of all namespaces')
    .option('--no-headers', 'the table alone, without headers')
    .option('-w, --watch', 'go on, and show what changes')
    .action(run((context, name: string | undefined, options: StatusOptions) => showStatus(context, name, options)));
  command('explain IMAGE|NODE|RESOURCE', 'who asks for it, why here and not there, what failed, what to do')
    .addOption(outputOption(['json', 'yaml']))
    .option('--node <name>', 'only on this node')
    .action(run((context, name: string, options: ExplainOptions) => explain(context, name, options)));
  command('wait RESOURCE...', 'until it is warm; ends at once where it cannot become so')
    .addOption(
      new Option('--for <goal>', '"warm", or a share of the images such as 90%').default('warm').argParser(parseGoal),
    )
    .addOption(timeoutOption('5m'))
    .action(run((context, names: readonly string[], options: WaitOptions) => waitFor(context, names, options)));
  command('plan', 'what the resources of a file would pull, and where; nothing is created')
    .addOption(outputOption(['json', 'yaml']))
    .requiredOption(
      '-f, --filename <file>',
      'Prefetches and ClusterPrefetches, or workloads as helm template prints them; - is standard input',
    )
    .action(run((context, options: PlanOptions) => plan(context, options)));
  command('warm [IMAGE...]', 'has images pulled before a rollout, by a Prefetch that it makes and deletes')
    .option('-f, --filename <file>', 'workloads, as helm template and kustomize build print them; - is standard input')
    .addOption(new Option('--nodes <selector>', 'on nodes with these labels, such as pool=web').argParser(parseNodes))
    .option('--pull-secret <name>', 'to pull with, besides those of the workloads; may be repeated', collect, [])
    .option('--wait', 'until all are warm; then delete what was made')
    .option('--keep', 'delete nothing, at no time')
    .addOption(new Option('--ttl <duration>', 'keep what was made for so long, such as 1h').argParser(parseTime))
    .addOption(timeoutOption('10m'))
    .action(run((context, images: readonly string[], options: WarmOptions) => warm(context, images, options)));
  command('doctor', 'why an installation does not work, and what to do about it')
    .addOption(outputOption(['json', 'yaml']))
    .action(run((context, options: DoctorOptions & GlobalOptions) => examine(context, options.coordinator, options)));
  command('ui', 'opens the page of the coordinator, until Ctrl-C')
    .addOption(
      new Option('--port <number>', 'of this machine; a free one where absent').default(0).argParser(parsePort),
    )
    .option('--no-open', 'print the address, and open no browser')
    .action(run((context, options: PageOptions) => openPage(context, options)));
  // The same words that kubectl and cobra expect of `kubectl_complete-prefetch`: a candidate a line, then a directive.
  offerNames(tab(program, { completionCommandName: 'completion' }), names);
  return program;
}

function offerNames({ commands }: ReturnType<typeof tab>, { resources, nodes }: CompletedNames): void {
  const offer = (words: readonly string[]) => (complete: (value: string, description: string) => void) => {
    for (const word of words) complete(word, '');
  };
  for (const [name, words] of [
    ['status', resources],
    ['wait', resources],
    ['explain', [...resources, ...nodes]],
  ] as const)
    for (const argument of commands.get(name)?.arguments.values() ?? []) argument.handler = offer(words);
  const node = commands.get('explain')?.options.get('node');
  if (node !== undefined) node.handler = offer(nodes);
}

/** As kubectl has them: a plugin gets none of its own. */
function withGlobalOptions(command: Command): Command {
  return command
    .option('-n, --namespace <name>', "where Prefetches are looked for; the context's where absent")
    .option('--kubeconfig <file>', 'instead of $KUBECONFIG or ~/.kube/config')
    .option('--context <name>', 'of the kubeconfig')
    .option('--cluster <name>', 'of the kubeconfig')
    .option('--user <name>', 'of the kubeconfig')
    .addOption(
      new Option(
        '--coordinator <namespace/lease>',
        'the Lease of the installation; kube-prefetch/kube-prefetch-coordinator, or the only one there is, where absent',
      )
        .env('KUBECTL_PREFETCH_COORDINATOR')
        .argParser(parseLease),
    )
    .addOption(
      new Option('--server <url>', 'a coordinator without Kubernetes: its admin listener, http://127.0.0.1:7071')
        .env('KUBECTL_PREFETCH_SERVER')
        .argParser(parseServer),
    );
}

function outputOption(formats: readonly OutputFormat[]): Option {
  return new Option('-o, --output <format>', 'for programs, or with more columns').choices(formats);
}

function timeoutOption(text: string): Option {
  return new Option('--timeout <duration>', 'such as 90s, 5m or 1h30m')
    .default(parseDuration(text), text)
    .argParser(parseTime);
}

function parseTime(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('Expected a duration such as 90s, 5m or 1h30m.');
  return ms;
}

function parseNodes(text: string): LabelSelector {
  const selector = parseSelector(text);
  if (selector === undefined) throw new InvalidArgumentError('Expected labels such as pool=web,zone in (a,b),!gpu.');
  return selector;
}

function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return Number(text);
  throw new InvalidArgumentError('Expected a number from 0 to 65535.');
}

function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

function parseGoal(text: string): WaitGoal {
  const [, share] = /^([1-9][0-9]?|100)%$/.exec(text) ?? [];
  if (text !== 'warm' && share === undefined) throw new InvalidArgumentError('Expected warm, or 1% to 100%.');
  return share === undefined ? 'warm' : Number(share);
}

function parseLease(text: string): LeaseName {
  const [namespace, name, ...more] = text.split('/');
  if (!namespace || !name || more.length > 0) throw new InvalidArgumentError('Expected NAMESPACE/LEASE.');
  return { namespace, name };
}

function parseServer(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol !== 'http:') throw new InvalidArgumentError('Expected http://HOST:PORT.');
  return url;
}
