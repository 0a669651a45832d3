import type { Command } from './command.js';

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
  return [`Usage: ${NAME} ${command.name} [options]`, '', command.summary, '', 'Options:', ...table(rows)].join('\n');
}

function table(rows: ReadonlyArray<readonly [string, string]>): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}   ${right}`);
}
