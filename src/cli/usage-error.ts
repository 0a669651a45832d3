/** The command line itself is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  /** @param command whose help is pointed to, where one is known */
  constructor(
    message: string,
    readonly command?: string,
  ) {
    super(message);
  }
}

/** The command cannot be carried out here: exit code 1. The message is all that is shown. */
export class CliError extends Error {
  override readonly name = 'CliError';
}
