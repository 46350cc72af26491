import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import type { CompletedName, CompletedNames } from './completed-names.ts';

/** Options whose value is a file: shells know files best. */
const FILE_OPTIONS = ['-f', '--filename', '--kubeconfig'];
/** Of cobra, which kubectl and the scripts expect: complete as if nobody had been asked, by files. */
const BY_FILES = ':0\n';

/**
 * Adds `completion SHELL`, which prints a script for a shell, and `complete -- WORDS`, which these scripts and
 * `kubectl_complete-prefetch` ask: a candidate a line, then a directive.
 */
export function addCompletion(
  program: Command,
  { resources, nodes }: CompletedNames,
  out: (text: string) => void,
): void {
  const root = tab(program, { completionCommandName: 'completion' });
  const offer = (names: readonly CompletedName[]) => (complete: (value: string, description: string) => void) => {
    for (const { word, says } of names) complete(word, says);
  };
  for (const [name, words] of [
    ['status', resources],
    ['wait', resources],
    ['explain', [...resources, ...nodes]],
  ] as const)
    for (const argument of root.commands.get(name)?.arguments.values() ?? []) argument.handler = offer(words);
  const node = root.commands.get('explain')?.options.get('node');
  if (node !== undefined) node.handler = offer(nodes);

  const added = (name: string) => program.commands.find(command => command.name() === name);
  const name = program.name();
  added('completion')
    ?.description('Print a script that completes commands, options and names in a shell')
    .action((shell: string) =>
      out(
        mend(
          shell,
          printed(() => root.setup(name, name, shell)),
        ),
      ),
    );
  added('complete')?.action((words: string[]) =>
    // An empty description is none.
    out(
      FILE_OPTIONS.includes(words.at(-2) ?? '') ? BY_FILES : printed(() => root.parse(words)).replaceAll(/\t$/gm, ''),
    ),
  );
}

/** The library prints by itself. */
function printed(run: () => void): string {
  const printer = globalThis.console;
  const { log } = printer;
  let text = '';
  printer.log = (line: string) => (text += `${line}\n`);
  try {
    run();
  } finally {
    printer.log = log;
  }
  return text;
}

/** That of bash is sourced anew with each `.bashrc`, and would not complete files. */
function mend(shell: string, script: string): string {
  if (shell !== 'bash') return script;
  return script.replaceAll(/^readonly /gm, '').replaceAll(/^complete -F /gm, 'complete -o default -F ');
}
