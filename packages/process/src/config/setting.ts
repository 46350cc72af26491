/** One setting of a program: a flag, an environment name, and what may be said there. A setting without a default must be given. */
export type Setting =
  | StringSetting
  | ListSetting
  | IntegerSetting
  | DurationSetting
  | AddressSetting
  | FolderSetting
  | FileSetting
  | ChoiceSetting
  | BooleanSetting;

/** By the name that the program reads it under. */
export type Settings = Readonly<Record<string, Setting>>;

interface Named {
  /** Without the dashes: `parallel-pulls`. */
  readonly flag: string;
  readonly env: string;
  /** One line of `--help`. */
  readonly meaning: string;
  /** May be left out although it has no default; the program then reads undefined. */
  readonly optional?: true;
  /** Must be given only where a setting of an earlier row, by its name, has this value. */
  readonly where?: Readonly<Record<string, string>>;
}

interface StringSetting extends Named {
  readonly type: 'string';
  readonly default?: string;
  readonly maxLength: number;
}

/** Written with commas between its items, read without the blanks around them. */
interface ListSetting extends Named {
  readonly type: 'list';
  readonly default?: string;
  /** Of the whole text. */
  readonly maxLength: number;
  /** In words, plural: `keys of taints`. */
  readonly items: string;
  readonly isItem: (text: string) => boolean;
}

interface IntegerSetting extends Named {
  readonly type: 'integer';
  readonly default?: number;
  readonly min: number;
  readonly max: number;
}

/** Read as milliseconds. Written, also here, as `500ms`, `30s`, `5m` or `1h`. */
interface DurationSetting extends Named {
  readonly type: 'duration';
  readonly default?: string;
  readonly min: string;
  readonly max: string;
}

/** Where to listen: `127.0.0.1:7070`, `[::1]:7070`, `:7070` for every address; port 0 takes a free one. */
interface AddressSetting extends Named {
  readonly type: 'address';
  readonly default?: string;
}

/** Read as an absolute path; whether it exists is the program's business. */
interface FolderSetting extends Named {
  readonly type: 'folder';
  readonly default?: string;
}

interface FileSetting extends Named {
  readonly type: 'file';
  readonly default?: string;
}

interface ChoiceSetting extends Named {
  readonly type: 'choice';
  readonly choices: readonly string[];
  readonly default?: string;
}

/** `--flag` and `--no-flag`; `true` and `false` in the environment. */
interface BooleanSetting extends Named {
  readonly type: 'boolean';
  readonly default?: boolean;
}

export interface Address {
  /** Undefined: every address of the machine. */
  readonly host: string | undefined;
  readonly port: number;
}

/** What a program reads, inferred from its rows. */
export type Config<R extends Settings> = { readonly [Name in keyof R]: ValueOf<R[Name]> | Absent<R[Name]> };

type Absent<S extends Setting> = S extends { optional: true } | { where: object } ? undefined : never;

type ValueOf<S extends Setting> = S extends { type: 'integer' | 'duration' }
  ? number
  : S extends { type: 'boolean' }
    ? boolean
    : S extends { type: 'address' }
      ? Address
      : S extends { type: 'list' }
        ? readonly string[]
        : S extends { type: 'choice'; choices: readonly (infer Choice)[] }
          ? Choice
          : string;
