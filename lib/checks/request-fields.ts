import { listOf, nearest } from '../contract/index.js';
import { MAX_SEARCH_LENGTH } from './limits.js';

/** Wrong fields that an answer names. A body may hold 100,000 of them: the answer must not outgrow the request. */
const MAX_WRONG_FIELDS = 100;
/** Characters of an unknown field's name that an answer shows: the client chose the name. */
const MAX_SHOWN_LENGTH = 200;

/** One wrong field of a query or a body, such as `filter.state`. */
export interface WrongField {
  readonly field: string;
  readonly message: string;
}

/** A request that names fields which are wrong. */
export class InvalidRequestError extends Error {
  override readonly name = 'InvalidRequestError';

  constructor(readonly fields: readonly WrongField[]) {
    const said = fields.map(({ field, message }) => `"${field}" ${message}`);
    super(`The request is not valid: ${said.join('; ')}`);
  }
}

/**
 * Reads the fields of a query or a body, collecting what is wrong with them so that a caller learns of everything at once.
 * Every reader returns undefined for an absent or a wrong field; `done` throws where any was wrong.
 */
export class RequestFields {
  private readonly found: WrongField[] = [];

  /**
   * @param known every field that there is; others are refused
   * @param parent path of the object, where it is not the whole body
   */
  constructor(
    private readonly values: Readonly<Record<string, unknown>>,
    known: readonly string[],
    private readonly parent = '',
  ) {
    for (const name of Object.keys(values)) {
      if (known.includes(name)) continue;
      if (this.found.length >= MAX_WRONG_FIELDS) break;
      const near = name.length > MAX_SHOWN_LENGTH ? undefined : nearest(name, known);
      this.wrong(name, `is unknown.${near ? ` Did you mean "${near}"?` : ''} Known: ${listOf(known)}`);
    }
  }

  /**
   * @param params of a URL: an empty one is as good as none
   * @param lists fields that may stand several times, for a list; others may stand once
   */
  static ofQuery(params: URLSearchParams, known: readonly string[], lists: readonly string[] = []): RequestFields {
    const values = new Map<string, string[]>();
    for (const [name, value] of params) {
      if (value === '') continue;
      const given = values.get(name);
      if (given) given.push(value);
      else values.set(name, [value]);
    }
    const read = [...values].map(([name, all]) => [name, all.length > 1 && lists.includes(name) ? all : all.at(-1)!]);
    const fields = new RequestFields(Object.fromEntries(read) as Record<string, unknown>, known);
    for (const [name, { length }] of values)
      if (length > 1 && !lists.includes(name)) fields.wrong(name, 'stands more than once');
    return fields;
  }

  has(name: string): boolean {
    return this.values[name] !== undefined && this.values[name] !== null;
  }

  value(name: string): unknown {
    return this.values[name];
  }

  required(...names: readonly string[]): void {
    for (const name of names) if (!this.has(name)) this.wrong(name, 'is required');
  }

  text(name: string, maxLength = MAX_SEARCH_LENGTH): string | undefined {
    if (!this.has(name)) return undefined;
    const value = this.values[name];
    if (typeof value !== 'string' || value === '') return this.wrong(name, 'must be a text that is not empty');
    if (value.length > maxLength) return this.wrong(name, `must not be longer than ${maxLength} characters`);
    return value;
  }

  oneOf<T extends string>(name: string, choices: readonly T[]): T | undefined {
    if (!this.has(name)) return undefined;
    const value = this.values[name];
    if (choices.includes(value as T)) return value as T;
    const near = typeof value === 'string' ? nearest(value, choices) : undefined;
    return this.wrong(name, `must be one of ${listOf(choices, 'or')}.${near ? ` Did you mean "${near}"?` : ''}`);
  }

  /** At least one of `choices`: a list, or a text with commas in between, as a query has it. */
  someOf<T extends string>(name: string, choices: readonly T[]): T[] | undefined {
    if (!this.has(name)) return undefined;
    const value = this.values[name];
    const given: unknown[] = typeof value === 'string' ? value.split(',') : [value].flat();
    const wrong = given.find((one) => !choices.includes(one as T));
    if (given.length > 0 && wrong === undefined) return [...new Set(given as T[])];
    const near = typeof wrong === 'string' ? nearest(wrong, choices) : undefined;
    return this.wrong(
      name,
      `must be one of ${listOf(choices, 'or')}, or several of them.${near ? ` Did you mean "${near}"?` : ''}`,
    );
  }

  /** A number, or the digits of one where the fields are a query's. */
  wholeNumber(name: string, min: number, max: number): number | undefined {
    if (!this.has(name)) return undefined;
    const value = this.values[name];
    const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
    if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max) return number;
    return this.wrong(name, `must be a whole number from ${min} to ${max}`);
  }

  object(name: string): Record<string, unknown> | undefined {
    if (!this.has(name)) return undefined;
    const value = this.values[name];
    if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
    return this.wrong(name, 'must be a JSON object');
  }

  /** One text, or a list of them. */
  textOrTexts(name: string, maxCount: number): string | string[] | undefined {
    if (!Array.isArray(this.values[name])) return this.text(name);
    const texts = this.texts(name, maxCount);
    const long = texts?.some((text) => text.length > MAX_SEARCH_LENGTH);
    return long ? this.wrong(name, `must not be longer than ${MAX_SEARCH_LENGTH} characters each`) : texts;
  }

  texts(name: string, maxCount: number): string[] | undefined {
    if (!this.has(name)) return undefined;
    const value = this.values[name];
    if (
      !Array.isArray(value) ||
      value.length === 0 ||
      !value.every((entry) => typeof entry === 'string' && entry !== '')
    ) {
      return this.wrong(name, 'must be a list of at least one text');
    }
    if (value.length > maxCount) return this.wrong(name, `must not list more than ${maxCount}`);
    return value as string[];
  }

  wrong(name: string, message: string): undefined {
    if (this.found.length >= MAX_WRONG_FIELDS) return undefined;
    const shown = name.length > MAX_SHOWN_LENGTH ? `${name.slice(0, MAX_SHOWN_LENGTH)}…` : name;
    this.found.push({ field: this.parent ? `${this.parent}.${shown}` : shown, message });
    return undefined;
  }

  /** @throws InvalidRequestError that lists every wrong field, of `others` too */
  done(...others: readonly RequestFields[]): void {
    const wrong = [this, ...others].flatMap(({ found }) => found);
    if (wrong.length > 0) throw new InvalidRequestError(wrong);
  }
}
