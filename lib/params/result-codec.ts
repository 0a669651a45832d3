import { InvalidParamsError, InvalidResultError, ResultTooLargeError } from '../contract/index.js';
import { toPlain } from './class-reader.js';
import { checkJson } from './json-check.js';
import { classOf } from './params-codec.js';
import { pathSegment, type SensitivePath } from './sensitive-path.js';
import { sensitivePaths } from './sensitive-paths.js';
import type { Redact } from './secrets.js';

/** What a handler returned, as it is stored. */
export interface EncodedResult {
  readonly json: string;
  /** Where in it values stand that must never be shown; the empty path is the value itself. */
  readonly sensitive: SensitivePath[];
}

/**
 * What a handler returned as JSON: an instance as `instanceToPlain` of class-transformer has it, undefined as null.
 *
 * @param limit most bytes of UTF-8
 * @param redact takes the task's sensitive params out of a text; a part of the result that holds one is never shown either.
 *   Null where the params hold nothing sensitive
 * @throws InvalidResultError, ResultTooLargeError
 */
export function encodeResult(taskName: string, value: unknown, limit: number, redact: Redact | null): EncodedResult {
  const json = stringify(taskName, value ?? null, limit);
  const paths = new Set<SensitivePath>();
  collect(value, '', sensitiveOf, paths);
  if (redact && redact(json) !== json) collect(JSON.parse(json), '', holdsSecret(redact), paths);
  return { json, sensitive: [...paths] };
}

function stringify(taskName: string, value: unknown, limit: number): string {
  const plain = plainOf(taskName, value);
  const found = checkJson(plain, limit, 'the result itself');
  if (found && 'bytes' in found) throw new ResultTooLargeError(taskName, found.bytes, limit);
  if (found) throw new InvalidResultError(taskName, [found]);
  const json = JSON.stringify(plain);
  const bytes = json.length * 3 <= limit ? 0 : Buffer.byteLength(json);
  if (bytes > limit) throw new ResultTooLargeError(taskName, bytes, limit);
  return json;
}

function plainOf(taskName: string, value: unknown): unknown {
  const given = isObject(value) && !Array.isArray(value) ? classOf(value) : null;
  if (given === null) return value;
  try {
    return toPlain(taskName, value as object, given);
  } catch (thrown) {
    if (thrown instanceof InvalidParamsError) throw new InvalidResultError(taskName, thrown.problems);
    throw thrown;
  }
}

/** Paths below a value that are sensitive, or whether it is so itself. */
type Sensitive = (value: unknown) => readonly SensitivePath[];

/** Adds the paths of all that `value` holds, which JSON can hold: it has no cycle. */
function collect(value: unknown, at: SensitivePath, of: Sensitive, into: Set<SensitivePath>): void {
  for (const path of of(value)) into.add(at === '' || path === '' ? at + path : `${at}.${path}`);
  if (!isObject(value)) return;
  // A path goes through arrays by itself.
  if (Array.isArray(value)) for (const element of value) collect(element, at, of, into);
  else {
    for (const [key, inner] of Object.entries(value)) {
      const segment = pathSegment(key);
      collect(inner, at === '' ? segment : `${at}.${segment}`, of, into);
    }
  }
}

function sensitiveOf(value: unknown): readonly SensitivePath[] {
  const given = isObject(value) && !Array.isArray(value) ? classOf(value) : null;
  return given === null ? [] : sensitivePaths(given);
}

function holdsSecret(redact: Redact): Sensitive {
  return (value) => {
    if (typeof value === 'string' || typeof value === 'number')
      return redact(String(value)) === String(value) ? [] : [''];
    // A name that holds one is masked with all that it stands in.
    return isObject(value) && Object.keys(value).some((key) => redact(key) !== key) ? [''] : [];
  };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
