import { parseArgs } from 'node:util';
import { type Value, expectation, parseValue } from './parse-value.ts';
import { type ProgramTitle, printHelp } from './print-help.ts';
import type { Config, Setting, Settings } from './setting.ts';

export interface ReadOptions {
  readonly program: ProgramTitle;
  /** Without the interpreter and the script. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Everything that is wrong with the flags and the environment, one sentence each. */
export class ConfigProblems extends Error {
  override readonly name = 'ConfigProblems';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/**
 * A program's configuration: flags win over the environment, the environment over defaults; an empty environment variable
 * counts as absent. `help` instead, to be printed, where the flags ask for it or for the version. Throws ConfigProblems.
 */
export function readConfig<const R extends Settings>(
  rows: R,
  { program, argv, env }: ReadOptions,
): Config<R> | { help: string } {
  const { flags, problems } = readFlags(rows, argv);
  if (flags.has('help')) return { help: printHelp(rows, program) };
  if (flags.has('version')) return { help: `${program.name} ${program.version}\n` };

  const config: Record<string, Value | undefined> = {};
  for (const [name, setting] of Object.entries(rows)) {
    const given = givenValue(setting, flags, env);
    const value = given === undefined ? undefined : parseValue(setting, given.text);
    if (given === undefined && isNeeded(setting, config)) problems.push(missing(setting));
    if (given !== undefined && value === undefined) problems.push(wrong(setting, given));
    config[name] = value;
  }
  if (problems.length > 0) throw new ConfigProblems(problems);
  return config as Config<R>;
}

interface Given {
  readonly text: string;
  /** Where a person would look for it. */
  readonly from: string;
}

function givenValue(setting: Setting, flags: ReadonlyMap<string, string>, env: ReadOptions['env']): Given | undefined {
  const flag = flags.get(setting.flag);
  if (flag !== undefined) return { text: flag, from: `--${setting.flag}` };
  const variable = env[setting.env];
  if (variable !== undefined && variable !== '') return { text: variable, from: setting.env };
  if (setting.default !== undefined) return { text: String(setting.default), from: 'the default' };
  return undefined;
}

function isNeeded({ optional, where = {} }: Setting, config: Readonly<Record<string, Value | undefined>>): boolean {
  return !optional && Object.entries(where).every(([name, value]) => config[name] === value);
}

function missing(setting: Setting): string {
  const where = Object.entries(setting.where ?? {}).map(([name, value]) => `where ${name} is ${value}, `);
  const advice = `${where.join('')}give the flag or set ${setting.env}`;
  return `--${setting.flag}: expected ${expectation(setting)}, got nothing; ${advice}`;
}

function wrong(setting: Setting, { text, from }: Given): string {
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return `--${setting.flag}: expected ${expectation(setting)}, got ${JSON.stringify(shown)} from ${from}`;
}

/** By flag name, as text; of a flag given twice the last counts. */
function readFlags(rows: Settings, argv: readonly string[]): { flags: Map<string, string>; problems: string[] } {
  const flags = new Map<string, string>();
  const problems: string[] = [];
  const types = flagTypes(rows);
  const options = Object.fromEntries([...types].map(([flag, type]) => [flag, { type }]));
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowNegative: true, tokens: true });
  for (const token of tokens) {
    if (token.kind === 'positional') problems.push(`${JSON.stringify(token.value)}: expected flags only; see --help`);
    if (token.kind !== 'option') continue;
    const negated = token.rawName === `--no-${token.name}`;
    const type = types.get(token.name);
    if (type === undefined || (negated && type !== 'boolean'))
      problems.push(`${token.rawName}: no such flag; see --help`);
    else if (type === 'boolean') flags.set(token.name, negated ? 'false' : (token.value ?? 'true'));
    else if (token.value === undefined || (!token.inlineValue && /^-\D/.test(token.value)))
      problems.push(`${token.rawName}: expected a value; one that starts with a dash is written ${token.rawName}=-x`);
    else flags.set(token.name, token.value);
  }
  return { flags, problems };
}

function flagTypes(rows: Settings): ReadonlyMap<string, 'boolean' | 'string'> {
  const types = new Map<string, 'boolean' | 'string'>([
    ['help', 'boolean'],
    ['version', 'boolean'],
  ]);
  for (const { flag, type } of Object.values(rows)) types.set(flag, type === 'boolean' ? 'boolean' : 'string');
  return types;
}

/**
 * What a `main.ts` calls: prints help and ends the process with 0, or all problems and ends it with 2. `problemsOf` tells
 * what is wrong between settings that are right one by one.
 */
export function readConfigOrExit<const R extends Settings>(
  rows: R,
  program: ProgramTitle,
  problemsOf: (config: Config<R>) => readonly string[] = () => [],
): Config<R> {
  try {
    const config = readConfig(rows, { program, argv: process.argv.slice(2), env: process.env });
    if (!('help' in config)) {
      const problems = problemsOf(config);
      if (problems.length > 0) throw new ConfigProblems(problems);
      return config;
    }
    process.stdout.write((config as { help: string }).help);
    process.exit(0);
  } catch (error) {
    if (!(error instanceof ConfigProblems)) throw error;
    process.stderr.write(`${error.problems.map(problem => `${program.name}: ${problem}`).join('\n')}\n`);
    process.exit(2);
  }
}
