import { isObject, checkOwnId, isText, MAX_NAME_LENGTH, parseDuration, shownValue } from '../checks/index.js';
import { type Duration, InvalidArgumentError, listOf, nearest, type UniqueClaim } from '../contract/index.js';
import { placesIn } from './params-key.js';
import { type HandlerUniquenessOptions, UNIQUENESS_OPTIONS, type UniquenessOption } from './unique-options.js';

type KeyFunction = (params: object) => unknown;

/** A checked option, from which the claim of each task is made. */
export interface UniqueRule extends Pick<UniqueClaim, 'until' | 'for' | 'onConflict' | 'wait' | 'max'> {
  /** The one that was given. */
  readonly option: UniquenessOption;
  /** The key, or what makes it of the params: a function, or places in them. */
  readonly key: string | KeyFunction | ReadonlyArray<readonly string[]>;
  /** The field whose lists are joined; null where none are. */
  readonly field: string | null;
}

const FIELDS: Readonly<Record<UniquenessOption, readonly string[]>> = {
  unique: ['until', 'for', 'onConflict'],
  debounce: ['wait', 'max'],
  throttle: ['every'],
  coalesce: ['wait', 'field'],
};

/** Least length of a time that is to make a difference. */
const BOUNDS = { min: 1 };

/**
 * The rule that options make; null where they say that there is none, undefined where they say nothing.
 *
 * @throws InvalidArgumentError
 */
export function uniqueRule(options: HandlerUniquenessOptions<never>): UniqueRule | null | undefined {
  const given = UNIQUENESS_OPTIONS.filter((option) => options[option] !== undefined);
  const [option, other] = given;
  if (option === undefined) return undefined;
  if (other !== undefined) {
    throw new InvalidArgumentError(other, `Give one of ${listOf(UNIQUENESS_OPTIONS)}, not ${listOf(given)} together.`);
  }
  const value: unknown = options[option];
  if (value === false) return null;
  const fields = fieldsOf(option, value);
  const key = keyOf(option, fields);
  switch (option) {
    case 'unique':
      return { option, key, field: null, ...release(fields) };
    case 'debounce':
      return { option, key, field: null, until: 'started', onConflict: 'replace', ...times(fields) };
    case 'throttle': {
      const every = parseDuration(fields['every'] as Duration, 'throttle.every', BOUNDS);
      return { option, key, field: null, until: 'time', for: every, onConflict: 'keep' };
    }
    case 'coalesce': {
      const wait = parseDuration(fields['wait'] as Duration, 'coalesce.wait', BOUNDS);
      return { option, key, field: fieldName(fields['field']), until: 'started', onConflict: 'join', wait };
    }
  }
}

function fieldsOf(option: UniquenessOption, value: unknown): Readonly<Record<string, unknown>> {
  if (!isObject(value)) {
    throw new InvalidArgumentError(
      option,
      `${option} must be an object, such as ${EXAMPLES[option]}, or false, not ${shownValue(value)}.`,
    );
  }
  const known = ['key', 'by', ...FIELDS[option]];
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown === undefined) return value as Record<string, unknown>;
  const near = nearest(unknown, known);
  throw new InvalidArgumentError(
    `${option}.${unknown}`,
    `${option} has no "${unknown}"${near ? `; did you mean "${near}"?` : `, only ${listOf(known)}.`}`,
  );
}

const EXAMPLES: Readonly<Record<UniquenessOption, string>> = {
  unique: `{ by: ['params.userId'] }`,
  debounce: `{ key: 'search', wait: '5s' }`,
  throttle: `{ key: 'report', every: '10m' }`,
  coalesce: `{ key: 'search', wait: '5s', field: 'ids' }`,
};

function keyOf(option: UniquenessOption, { key, by }: Readonly<Record<string, unknown>>): UniqueRule['key'] {
  if ((key === undefined) === (by === undefined)) {
    const what = key === undefined ? 'needs "key" or "by"' : 'takes "key" or "by", not both';
    throw new InvalidArgumentError(`${option}.key`, `${option} ${what}: ${EXAMPLES[option]}, for instance.`);
  }
  if (typeof key === 'function') return key as KeyFunction;
  return key === undefined ? placesIn(by, `${option}.by`) : checkOwnId(key, `${option}.key`);
}

function release(fields: Readonly<Record<string, unknown>>): Pick<UniqueRule, 'until' | 'for' | 'onConflict'> {
  const { until, for: length, onConflict = 'keep' } = fields;
  const held = length === undefined ? undefined : parseDuration(length as Duration, 'unique.for', BOUNDS);
  oneOfWords('unique.until', until ?? 'ended', ['started', 'ended']);
  oneOfWords('unique.onConflict', onConflict, ['keep', 'replace', 'reject']);
  return {
    until: (until as 'started' | 'ended' | undefined) ?? (held === undefined ? 'ended' : 'time'),
    ...(held !== undefined && { for: held }),
    onConflict: onConflict as 'keep' | 'replace' | 'reject',
  };
}

function oneOfWords(field: string, value: unknown, words: readonly string[]): void {
  if (words.includes(value as string)) return;
  throw new InvalidArgumentError(field, `${field} must be ${listOf(words, 'or')}, not ${shownValue(value)}.`);
}

function times({ wait: first, max: most }: Readonly<Record<string, unknown>>): Pick<UniqueRule, 'wait' | 'max'> {
  const wait = parseDuration(first as Duration, 'debounce.wait', BOUNDS);
  if (most === undefined) return { wait };
  const max = parseDuration(most as Duration, 'debounce.max', BOUNDS);
  if (max >= wait) return { wait, max };
  throw new InvalidArgumentError(
    'debounce.max',
    'debounce.max must not be shorter than debounce.wait, which would never be over then.',
  );
}

function fieldName(value: unknown): string {
  if (isText(value, MAX_NAME_LENGTH)) return value;
  const wanted = `must be the name of the field of the params whose lists are joined, such as "ids"`;
  throw new InvalidArgumentError('coalesce.field', `coalesce.field ${wanted}, not ${shownValue(value)}.`);
}
