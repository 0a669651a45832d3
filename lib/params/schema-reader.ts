import { InvalidParamsError, type FieldProblem } from '../contract/index.js';
import type { ParamsReader, ReadParams } from './params-reader.js';
import type { SchemaIssue, SchemaResult, StandardSchema } from './standard-schema.js';
import { formatPath } from './violation.js';

/** Params as a schema makes them of the stored JSON, with its defaults and transformations. */
export function schemaReader(schema: StandardSchema): ParamsReader {
  return (taskName, _json, plain) => {
    const result = schema['~standard'].validate(plain);
    return result instanceof Promise ? result.then((later) => readOf(taskName, later)) : readOf(taskName, result);
  };
}

function readOf(taskName: string, result: SchemaResult<object>): ReadParams {
  if (result.issues) throw new InvalidParamsError(taskName, result.issues.map(problemOf));
  const { value } = result;
  if (typeof value === 'object' && value !== null) return { value, intact: false };
  const message = `its schema made ${value === null ? 'null' : `a ${typeof value}`} of it, and must make an object`;
  throw new InvalidParamsError(taskName, [{ path: '', message }]);
}

function problemOf({ message, path = [] }: SchemaIssue): FieldProblem {
  const keys = path.map((part) => (typeof part === 'object' ? part.key : part));
  return { path: formatPath(keys.map((key) => (typeof key === 'symbol' ? String(key) : key))), message };
}
