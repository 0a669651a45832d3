import { listOf, nearest } from '../../errors/index.js';
import { ProblemError, type ProblemField } from './problem.js';

/** Wrong fields that an answer names. A body may hold 100,000 of them: the answer must not outgrow the request. */
const MAX_PROBLEMS = 100;
/** Of an unknown field's name, which the client chose. */
const MAX_SHOWN_NAME = 200;

/**
 * Reads the fields of a query or a body, collecting what is wrong with them so that a caller learns of everything at once.
 * Every reader returns undefined for an absent or a wrong field; `done` throws where any was wrong.
 */
export class Fields {
  private readonly problems: ProblemField[] = [];

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
      if (this.problems.length >= MAX_PROBLEMS) break;
      const near = name.length > MAX_SHOWN_NAME ? undefined : nearest(name, known);
      this.wrong(name, `is unknown.${near ? ` Did you mean "${near}"?` : ''} Known: ${listOf(known)}`);
    }
  }

  /** @param params of a URL: each may stand once, and an empty one is as good as none. */
  static ofQuery(params: URLSearchParams, known: readonly string[]): Fields {
    const entries = [...params].filter(([, value]) => value !== '');
    const fields = new Fields(Object.fromEntries(entries), known);
    const seen = new Set<string>();
    const repeated = new Set<string>();
    for (const [name] of entries) (seen.has(name) ? repeated : seen).add(name);
    for (const name of repeated) fields.wrong(name, 'stands more than once');
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

  text(name: string, maxLength: number): string | undefined {
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
    if (this.problems.length >= MAX_PROBLEMS) return undefined;
    const shown = name.length > MAX_SHOWN_NAME ? `${name.slice(0, MAX_SHOWN_NAME)}…` : name;
    this.problems.push({ field: this.parent ? `${this.parent}.${shown}` : shown, message });
    return undefined;
  }

  /** @throws ProblemError 422 that lists every wrong field, of `others` too */
  done(...others: readonly Fields[]): void {
    const errors = [this, ...others].flatMap((fields) => fields.problems);
    if (errors.length === 0) return;
    const detail = errors.map(({ field, message }) => `"${field}" ${message}`).join('; ');
    throw new ProblemError(422, 'invalid_request', `The request is not valid: ${detail}`, { errors });
  }
}
