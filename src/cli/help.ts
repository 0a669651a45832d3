import type { Command, CommandArgument } from './command.js';

const NAME = 'nestjs-tasks';

export function overview(commands: readonly Command[]): string {
  return [
    `Usage: ${NAME} <command> [options]`,
    '',
    'Commands:',
    ...table(commands.map(({ name, summary }) => [name, summary])),
    '',
    'Options:',
    ...table([
      ['--help, -h', `this text; ${NAME} <command> --help: the options of a command`],
      ['--version, -v', 'the version of the package'],
    ]),
  ].join('\n');
}

export function commandHelp(command: Command): string {
  const rows = Object.entries(command.options).map(([name, option]) => {
    const notes = [option.required && 'required', option.default !== undefined && `default: ${option.default}`];
    const suffix = notes.filter(Boolean).join(', ');
    const flag = option.placeholder ? `--${name} ${option.placeholder}` : `--${name}`;
    return [flag, suffix ? `${option.description} (${suffix})` : option.description] as const;
  });
  const parts = command.arguments ?? [];
  const usage = [NAME, command.name, ...parts.map(shownArgument), '[options]'].join(' ');
  const described = parts.map((part): [string, string] => [shownArgument(part), part.description]);
  return [
    `Usage: ${usage}`,
    '',
    command.summary,
    '',
    ...(described.length > 0 ? ['Arguments:', ...table(described), ''] : []),
    'Options:',
    ...table(rows),
  ].join('\n');
}

function shownArgument({ name, required }: CommandArgument): string {
  return required ? `<${name}>` : `[${name}]`;
}

function table(rows: ReadonlyArray<readonly [string, string]>): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}   ${right}`);
}
