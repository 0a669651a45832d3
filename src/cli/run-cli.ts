import { listOf, nearest } from '../../lib/contract/index.js';
import type { CliOutput } from './command.js';
import { COMMANDS } from './commands.js';
import { describeError } from './describe-error.js';
import { commandHelp, overview } from './help.js';
import { packageVersion } from './package-version.js';
import { parseOptions } from './parse-options.js';
import { UsageError } from './usage-error.js';

const HELP_FLAGS = ['--help', '-h'];
const VERSION_FLAGS = ['--version', '-v'];

/**
 * Runs the command line.
 * @param args what follows the program's name
 * @returns the exit code: 0 done, 1 could not be done, 2 the command line is wrong
 */
export async function runCli(args: readonly string[], output: CliOutput): Promise<number> {
  try {
    await run(args, output);
    return 0;
  } catch (error) {
    output.err(`nestjs-tasks: ${describeError(error)}`);
    if (!(error instanceof UsageError)) return 1;
    output.err(`See: nestjs-tasks ${error.command ? `${error.command} ` : ''}--help`);
    return 2;
  }
}

async function run(args: readonly string[], output: CliOutput): Promise<void> {
  const [first, ...rest] = args;
  if (first === undefined) throw new UsageError(`No command was given. Commands: ${listOf(commandNames())}.`);
  if (HELP_FLAGS.includes(first)) return output.out(overview(COMMANDS));
  if (VERSION_FLAGS.includes(first)) return output.out(packageVersion());

  const command = COMMANDS.find(({ name }) => name === first);
  if (!command) throw new UsageError(unknownCommand(first));
  if (rest.some((argument) => HELP_FLAGS.includes(argument))) return output.out(commandHelp(command));
  await command.run(parseOptions(command, rest), output);
}

function unknownCommand(given: string): string {
  const kind = given.startsWith('-') ? 'option' : 'command';
  const near = nearest(given, [...commandNames(), ...HELP_FLAGS, ...VERSION_FLAGS]);
  const hint = near ? ` Did you mean ${near}?` : '';
  return `There is no ${kind} "${given}".${hint} Commands: ${listOf(commandNames())}.`;
}

function commandNames(): string[] {
  return COMMANDS.map(({ name }) => name);
}
