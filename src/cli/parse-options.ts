import { parseArgs } from 'node:util';
import { nearest } from '../../lib/contract/index.js';
import type { Command, OptionValues } from './command.js';
import { UsageError } from './usage-error.js';

/**
 * Reads the arguments that follow a command's name.
 * @throws UsageError for an option that there is not, a missing or superfluous value, or an argument that is no option
 */
export function parseOptions(command: Command, args: readonly string[]): OptionValues {
  // Not strict: the messages of `parseArgs` do not say which options there are.
  const { tokens } = parseArgs({
    args: [...args],
    options: typesOf(command),
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const values: Record<string, string | boolean> = defaultsOf(command);
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') {
      throw new UsageError(`"${command.name}" takes no argument "${token.value}", only options.`, command.name);
    }
    values[token.name] = valueOf(command, token.name, token.rawName, token.value);
  }
  for (const [name, option] of Object.entries(command.options)) {
    if (option.required && !(name in values)) {
      throw new UsageError(`Option --${name} ${option.placeholder ?? ''} is required.`, command.name);
    }
  }
  return values;
}

function typesOf(command: Command): Record<string, { type: 'string' | 'boolean' }> {
  return Object.fromEntries(Object.entries(command.options).map(([name, { type }]) => [name, { type }]));
}

function defaultsOf(command: Command): Record<string, string | boolean> {
  const defaults: Record<string, string> = {};
  for (const [name, option] of Object.entries(command.options)) {
    if (option.default !== undefined) defaults[name] = option.default;
  }
  return defaults;
}

function valueOf(command: Command, name: string, rawName: string, value: string | undefined): string | boolean {
  const option = Object.hasOwn(command.options, name) ? command.options[name] : undefined;
  if (!option) {
    const near = nearest(name, Object.keys(command.options));
    const hint = near ? `Did you mean --${near}?` : `Options: ${listOptions(command)}.`;
    throw new UsageError(`There is no option ${rawName}. ${hint}`, command.name);
  }
  if (option.type === 'boolean') {
    if (value !== undefined) throw new UsageError(`Option --${name} takes no value.`, command.name);
    return true;
  }
  // `--database --read-only` would take the next option for the value.
  if (!value || value.startsWith('--')) {
    throw new UsageError(`Option --${name} needs a value: --${name} ${option.placeholder ?? '<value>'}.`, command.name);
  }
  return value;
}

function listOptions(command: Command): string {
  return Object.keys(command.options)
    .map((name) => `--${name}`)
    .join(', ');
}
