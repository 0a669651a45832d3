/** Where a command writes; each text is one or more whole lines. */
export interface CliOutput {
  out(text: string): void;
  err(text: string): void;
}

export interface CommandOption {
  readonly type: 'string' | 'boolean';
  readonly description: string;
  /** The word for the value in the help: `<file>`. */
  readonly placeholder?: string;
  readonly default?: string;
  /** Without it the command is refused. */
  readonly required?: boolean;
  /** It may be given several times; its value is the list of what was given. */
  readonly repeatable?: boolean;
}

/** What a command takes by its place. */
export interface CommandArgument {
  readonly name: string;
  readonly description: string;
  /** Without it the command is refused; those that are not required come last. */
  readonly required?: boolean;
}

/** Values of a command's arguments and options by name; one that was not given and has no default is not there. */
export type OptionValues = Readonly<Record<string, string | boolean | readonly string[]>>;

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  readonly arguments?: readonly CommandArgument[];
  readonly options: Readonly<Record<string, CommandOption>>;
  /**
   * Resolves when the command is done.
   * @throws UsageError for a value that an option cannot have
   */
  run(values: OptionValues, output: CliOutput): Promise<void>;
}
