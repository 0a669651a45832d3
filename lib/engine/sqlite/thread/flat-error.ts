import {
  DuplicateTaskError,
  ForeignManagerError,
  InvalidArgumentError,
  SchemaVersionError,
  StoreError,
  TasksConfigError,
} from '../../../contract/index.js';

/** An error on its way to another thread. */
export interface FlatError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
  /** Whatever else stands on it: its code, the field that it is about. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly cause: FlatError | null;
}

/** Classes that callers tell apart, by the name that their errors have: a bundler may have renamed the class. */
const PROTOTYPES = new Map<string, object>([
  ['StoreError', StoreError.prototype],
  ['SchemaVersionError', SchemaVersionError.prototype],
  ['TasksConfigError', TasksConfigError.prototype],
  ['DuplicateTaskError', DuplicateTaskError.prototype],
  ['InvalidArgumentError', InvalidArgumentError.prototype],
  ['ForeignManagerError', ForeignManagerError.prototype],
  ['TypeError', TypeError.prototype],
  ['RangeError', RangeError.prototype],
  ['SyntaxError', SyntaxError.prototype],
]);
/** An error may be the cause of itself. */
const DEEPEST = 5;

export function flatten(error: unknown, depth = 0): FlatError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: null, fields: {}, cause: null };
  const fields = Object.fromEntries(Object.entries(error).filter(([, value]) => isPlain(value)));
  const cause = error.cause === undefined || depth === DEEPEST ? null : flatten(error.cause, depth + 1);
  return { name: error.name, message: error.message, stack: error.stack ?? null, fields, cause };
}

/** The error as it was, of the same class where that is one that callers know. */
export function unflatten({ name, message, stack, fields, cause }: FlatError): Error {
  const error = new Error(message, cause === null ? undefined : { cause: unflatten(cause) });
  const prototype = PROTOTYPES.get(name);
  if (prototype) Object.setPrototypeOf(error, prototype);
  else if (name !== 'Error') Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true });
  Object.assign(error, fields);
  if (stack !== null) error.stack = stack;
  return error;
}

function isPlain(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}
