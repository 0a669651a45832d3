import { parseArgs } from 'node:util';
import { nearest, plural } from '../../lib/contract/index.js';
import type { Command, OptionValues } from './command.js';
import { UsageError } from './usage-error.js';

/**
 * Reads what follows a command's name. What comes after `--` is no option, whatever it begins with.
 * @throws UsageError for an option that there is not, a missing or superfluous value or argument
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
  const values: Record<string, OptionValues[string]> = defaultsOf(command);
  const places = [...(command.arguments ?? [])];
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') {
      const place = places.shift();
      if (!place) throw superfluous(command, token.value);
      values[place.name] = token.value;
      continue;
    }
    const value = valueOf(command, token.name, token.rawName, token.value);
    const isListed = command.options[token.name]!.repeatable === true && typeof value === 'string';
    values[token.name] = isListed ? [...((values[token.name] as string[] | undefined) ?? []), value] : value;
  }
  const missing = places.find(({ required }) => required);
  if (missing) throw new UsageError(`<${missing.name}> is missing: it is ${missing.description}.`, command.name);
  for (const [name, option] of Object.entries(command.options)) {
    if (option.required && !(name in values)) {
      throw new UsageError(`Option --${name} ${option.placeholder ?? ''} is required.`, command.name);
    }
  }
  return values;
}

function superfluous({ name, arguments: places = [] }: Command, value: string): UsageError {
  const most = places.length === 0 ? 'only options' : `only ${plural(places.length, 'argument')} and options`;
  return new UsageError(`"${name}" takes no argument "${value}", ${most}.`, name);
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
