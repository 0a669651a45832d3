/** How keys are written: `camel` in code, `snake` in the file. */
export type Spelling = 'camel' | 'snake';

/** Where options come from: code or the file. */
export interface OptionsSource {
  readonly spelling: Spelling;
  /** Names the place of `path` for errors: the file with the line, or the call in code; may be empty. */
  label(path: readonly string[]): string;
}

/** One option in its source: knows its path as it is written there, and collects what is wrong. */
export class OptionPlace {
  constructor(
    private readonly source: OptionsSource,
    private readonly problems: string[],
    private readonly path: readonly string[] = [],
  ) {}

  get spelling(): Spelling {
    return this.source.spelling;
  }

  /** @param key as it is written in the source */
  child(key: string): OptionPlace {
    return new OptionPlace(this.source, this.problems, [...this.path, key]);
  }

  /** @param name of an option in code; its key in the source is spelled as there */
  option(name: string): OptionPlace {
    return this.child(spell(name, this.spelling));
  }

  /** @param problem worded to follow the path, without a full stop */
  report(problem: string): void {
    const stop = /[.?]$/.test(problem) ? '' : '.';
    const subject = this.path.length === 0 ? 'the options' : pathText(this.path);
    const label = this.source.label(this.path);
    this.problems.push(`${label === '' ? '' : `${label}: `}${subject} ${problem}${stop}`);
  }
}

/** `queues.emails.retryDelay`; a key that does not read as one word stands in brackets. */
export function pathText(path: readonly string[]): string {
  return path
    .map((key, index) => {
      if (!/^[\w-]+$/.test(key)) return `[${JSON.stringify(key)}]`;
      return index === 0 ? key : `.${key}`;
    })
    .join('');
}

/** `retryDelay` as `retry_delay`; a dash becomes an underscore. */
export function toSnakeCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toLowerCase();
}

export function spell(camelCaseKey: string, spelling: Spelling): string {
  return spelling === 'snake' ? toSnakeCase(camelCaseKey) : camelCaseKey;
}
