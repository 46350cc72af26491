import type { LabelSelector } from '@kube-prefetch/protocol';
import { Command, InvalidArgumentError, Option } from 'commander';
import { explain, type ExplainOptions } from './commands/explain.ts';
import type { WaitGoal } from './commands/judge-wait.ts';
import { waitFor, type WaitOptions } from './commands/wait.ts';
import { addCompletion } from './completion/add-completion.ts';
import { type CompletedNames, NO_NAMES } from './completion/completed-names.ts';
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
A RESOURCE is web or prefetch/web (pf/web) in the namespace, or clusterprefetch/base (cpf/base).

Exit codes:
  ${EXIT.done}    done; wait and warm: all is warm
  ${EXIT.error}    it could not be asked or done
  ${EXIT.usage}    wrong usage
  ${EXIT.no}    not warm, and cannot become so as it is; doctor: a check failed
  ${EXIT.timeout}    time ran out
  ${EXIT.interrupted}  interrupted`;

/** Every command with its options. What it is told goes into a Context, which it works with. Wrong usage is thrown as CommanderError. */
export function createProgram(
  surroundings: Pick<Context, 'terminal' | 'clock' | 'signal'>,
  names: CompletedNames = NO_NAMES,
): Command {
  const program: Command = new Command('kubectl-prefetch')
    .usage('COMMAND [options]')
    .description('Is it warm, and if not, why: kube-prefetch seen from the command line.')
    .version(VERSION, '--version', 'print the version')
    .addHelpText('after', EPILOGUE)
    .helpOption('-h, --help', 'print this')
    .helpCommand(false)
    .showHelpAfterError('--help says what it takes.')
    .exitOverride()
    .configureHelp({
      commandUsage: command => `kubectl prefetch ${[...namesBelow(program, command), command.usage()].join(' ')}`,
    })
    .configureOutput({ writeOut: surroundings.terminal.out, writeErr: surroundings.terminal.err });

  const command = (usage: string, summary: string, ...examples: readonly string[]) => {
    const made = new Command(usage.split(' ')[0]).description(summary);
    for (const argument of usage.split(' ').slice(1))
      made.argument(argument.startsWith('[') ? argument : `<${argument}>`);
    made.copyInheritedSettings(program).helpOption('-h, --help', 'print this');
    made.addHelpText('after', `\nExamples:\n${examples.map(example => `  kubectl prefetch ${example}\n`).join('')}`);
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

  command(
    'status [RESOURCE]',
    'Show what is warm and what is not, and why',
    'status',
    'status -A --watch',
    'status web -o json',
  )
    .addOption(outputOption(OUTPUTS))
    .option('-A, --all-namespaces', 'the Prefetches of all namespaces')
    .option('--no-headers', 'the table alone, without headers')
    .option('-w, --watch', 'go on, and show what changes')
    .action(run((context, name: string | undefined, options: StatusOptions) => showStatus(context, name, options)));
  command(
    'explain IMAGE|NODE|RESOURCE',
    'Say who asks for an image, why a node has it or not, what failed, and what to do',
    'explain nginx:1.29',
    'explain web --node n1',
    'explain node/n1',
  )
    .addOption(outputOption(['json', 'yaml']))
    .option('--node <name>', 'on this node only')
    .action(run((context, name: string, options: ExplainOptions) => explain(context, name, options)));
  command(
    'wait RESOURCE...',
    'Wait until resources are warm; end at once where they cannot become so',
    'wait web --timeout 10m',
    'wait cpf/base --for 90%',
  )
    .addOption(
      new Option('--for <goal>', 'warm, or a share of the images such as 90%').default('warm').argParser(parseGoal),
    )
    .addOption(timeoutOption('5m'))
    .action(run((context, resources: readonly string[], options: WaitOptions) => waitFor(context, resources, options)));
  command('plan', 'Show what the resources of a file would pull, and where; nothing is created', 'plan -f base.yaml')
    .addOption(outputOption(['json', 'yaml']))
    .requiredOption(
      '-f, --filename <file>',
      'Prefetches and ClusterPrefetches, or workloads as helm template prints them; - is standard input',
    )
    .action(run((context, options: PlanOptions) => plan(context, options)));
  command(
    'warm [IMAGE...]',
    'Have images pulled before a rollout, by a Prefetch that is made and deleted',
    'warm nginx:1.29 --nodes pool=web --wait',
    'warm -f deployment.yaml --wait --timeout 10m',
  )
    .option('-f, --filename <file>', 'workloads, as helm template and kustomize build print them; - is standard input')
    .addOption(new Option('--nodes <selector>', 'on nodes with these labels, such as pool=web').argParser(parseNodes))
    .option('--pull-secret <name>', 'to pull with, besides those that the pods get; may be repeated', collect)
    .option('--wait', 'wait until all are warm, then delete what was made')
    .option('--keep', 'keep what was made for good')
    .addOption(new Option('--ttl <duration>', 'keep what was made for so long, such as 1h').argParser(parseTime))
    .addOption(timeoutOption('10m'))
    .action(run((context, images: readonly string[], options: WarmOptions) => warm(context, images, options)));
  command('doctor', 'Find out why an installation does not work, and say what to do', 'doctor')
    .addOption(outputOption(['json', 'yaml']))
    .action(run((context, options: DoctorOptions & GlobalOptions) => examine(context, options.coordinator, options)));
  command('ui', "Open the coordinator's page, until Ctrl-C", 'ui')
    .addOption(new Option('--port <number>', 'of this machine; a free one where absent').argParser(parsePort))
    .option('--no-open', 'print the address, and open no browser')
    .action(run((context, options: PageOptions) => openPage(context, options)));
  for (const each of program.commands) withGlobalOptions(each);
  addCompletion(program, names, surroundings.terminal.out);
  return program;
}

function namesBelow(program: Command, command: Command): readonly string[] {
  return command === program ? [] : [command.name()];
}

/** As kubectl has them: a plugin gets none of its own. */
function withGlobalOptions(command: Command): Command {
  return command
    .optionsGroup('Where:')
    .option('-n, --namespace <name>', 'the namespace of Prefetches; that of the context where absent')
    .option('--kubeconfig <file>', 'instead of $KUBECONFIG or ~/.kube/config')
    .option('--context <name>', 'a context of the kubeconfig')
    .option('--cluster <name>', 'a cluster of the kubeconfig')
    .option('--user <name>', 'a user of the kubeconfig')
    .addOption(
      new Option(
        '--coordinator <namespace/lease>',
        'the Lease of the installation; where absent kube-prefetch/kube-prefetch-coordinator, or the only one in the cluster',
      )
        .env('KUBECTL_PREFETCH_COORDINATOR')
        .argParser(parseLease),
    )
    .addOption(
      new Option('--server <url>', 'the admin listener of a coordinator without Kubernetes, http://127.0.0.1:7071')
        .env('KUBECTL_PREFETCH_SERVER')
        .argParser(parseServer),
    );
}

function outputOption(formats: readonly OutputFormat[]): Option {
  return new Option(
    '-o, --output <format>',
    formats.includes('wide') ? 'for programs, or wide for more columns' : 'for programs',
  ).choices(formats);
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

function collect(text: string, before: readonly string[] = []): readonly string[] {
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
