import { listOf, nearest } from '../contract/index.js';
import type { Checked } from './checked.js';
import { checkDuration, type DurationBounds } from './duration.js';
import { isObject } from './is-object.js';
import { type OptionPlace, spell } from './option-place.js';
import { shownNumber, shownValue } from './shown-value.js';

/** Reads one option. What is wrong is reported at `place`, and undefined is returned. */
export type Check<T> = (value: unknown, place: OptionPlace) => T | undefined;

/** A check for each key of `T`, by its name in code. */
export type OptionChecks<T> = { readonly [K in keyof T]-?: Check<NonNullable<T[K]>> };

/** Makes a check of a function that knows no places. */
export function checkWith<T>(read: (value: unknown) => Checked<T>): Check<T> {
  return (value, place) => {
    const checked = read(value);
    if ('value' in checked) return checked.value;
    place.report(checked.problem);
    return undefined;
  };
}

export function wholeNumber(min: number, max: number): Check<number> {
  return number(min, max, 'a whole number', Number.isInteger);
}

export function fraction(): Check<number> {
  return number(0, 1, 'a number', Number.isFinite);
}

function number(min: number, max: number, kind: string, isKind: (value: number) => boolean): Check<number> {
  return checkWith<number>((value) =>
    typeof value === 'number' && isKind(value) && value >= min && value <= max
      ? { value: value + 0 }
      : { problem: `must be ${kind} from ${shownNumber(min)} to ${shownNumber(max)}, not ${shownValue(value)}` },
  );
}

export function boolean(): Check<boolean> {
  return checkWith<boolean>((value) =>
    typeof value === 'boolean' ? { value } : { problem: `must be true or false, not ${shownValue(value)}` },
  );
}

export function durationValue(bounds?: DurationBounds): Check<number> {
  return checkWith((value) => checkDuration(value, bounds));
}

/** One of some words; `false` may be among them. */
export function oneOf<const T extends ReadonlyArray<string | false>>(...choices: T): Check<T[number]> {
  const words = choices.filter((choice) => typeof choice === 'string');
  const wording = choices.includes(false)
    ? [...words.map((word) => `"${word}"`), 'false'].join(' or ')
    : listOf(words, 'or');
  return checkWith<T[number]>((value) => {
    if (choices.includes(value as T[number])) return { value: value as T[number] };
    const near = typeof value === 'string' ? nearest(value, words) : undefined;
    const hint = near === undefined ? '' : `. Did you mean "${near}"?`;
    return { problem: `must be ${wording}, not ${shownValue(value)}${hint}` };
  });
}

/** `false`, or what `check` takes. */
export function orFalse<T>(check: Check<T>): Check<T | false> {
  return (value, place) => (value === false ? false : check(value, place));
}

/** Checks an option that only code can give, because it is no plain data or is needed before the file is read. */
export function inCodeOnly<T>(check: Check<T>): Check<T> {
  return (value, place) => {
    if (place.spelling === 'camel') return check(value, place);
    place.report('can be set in code only, not in the file');
    return undefined;
  };
}

/**
 * An object with these keys and no others. Its result has no prototype, and only the keys that were given.
 *
 * @param beside keys that are known too, but checked elsewhere
 */
export function object<T extends object>(fields: OptionChecks<T>, beside: readonly string[] = []): Check<T> {
  const names = Object.keys(fields) as Array<keyof T & string>;
  return (value, place) => {
    const entries = entriesOf(value, place);
    if (!entries) return undefined;
    const known = [...names, ...beside].map((name) => spell(name, place.spelling));
    const result = Object.create(null) as Record<string, unknown>;
    for (const [key, entry] of entries) {
      const at = place.child(key);
      if (!known.includes(key)) {
        at.report(unknownKey(key, known));
        continue;
      }
      const name = names.find((candidate) => spell(candidate, place.spelling) === key);
      if (name === undefined || entry === undefined) continue;
      const checked = fields[name](entry, at);
      if (checked !== undefined) result[name] = checked;
    }
    return result as T;
  };
}

/** A list of what `check` takes. */
export function listWith<T>(check: Check<T>): Check<T[]> {
  return (value, place) => {
    if (!Array.isArray(value)) {
      place.report(`must be a list, not ${shownValue(value)}`);
      return undefined;
    }
    const checked = value.map((entry, index) => check(entry, place.child(String(index))));
    return checked.filter((entry) => entry !== undefined);
  };
}

/** A map whose keys are names that the user chose, in the same spelling everywhere. */
export function mapOf<T>(checkName: Check<string>, check: Check<T>): Check<Map<string, T>> {
  return (value, place) => {
    const entries = entriesOf(value, place);
    if (!entries) return undefined;
    const result = new Map<string, T>();
    for (const [key, entry] of entries) {
      const at = place.child(key);
      const name = checkName(key, at);
      if (entry === undefined) continue;
      const checked = check(entry, at);
      if (name !== undefined && checked !== undefined) result.set(name, checked);
    }
    return result;
  };
}

/** Keys and values of an object, or of a mapping in the file, which is a `Map` there. */
function entriesOf(value: unknown, place: OptionPlace): Array<[string, unknown]> | undefined {
  if (value instanceof Map) return Array.from(value, ([key, entry]) => [String(key), entry]);
  // `emails:` with nothing below it is how YAML writes an empty section.
  if (value === null && place.spelling === 'snake') return [];
  if (isObject(value)) return Object.entries(value);
  place.report(
    place.spelling === 'snake'
      ? `must be a mapping of keys to values, not ${shownValue(value)}`
      : `must be an object, not ${shownValue(value)}`,
  );
  return undefined;
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  const hint = near === undefined ? `Possible here: ${listOf(known)}` : `Did you mean "${near}"?`;
  return `is not an option. ${hint}`;
}
