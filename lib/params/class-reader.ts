import { inspect } from 'node:util';
import type { Type } from '@nestjs/common';
import { instanceToPlain } from 'class-transformer';
import { validate } from 'class-validator';
import { InvalidParamsError, messageOf } from '../contract/index.js';
import type { AnyClass } from './class-metadata.js';
import { fieldProblems } from './field-problems.js';
import { checkInstance } from './instance-check.js';
import { instantiate, type Instantiated } from './instance.js';
import type { ParamsReader, ReadParams } from './params-reader.js';
import { findReservedKey } from './instance.js';
import { meetsRules } from './rules.js';
import { sensitivePaths } from './sensitive-paths.js';
import { redactor, sensitiveValues, type Redact } from './secrets.js';

/** How deep loggers look into the properties of an error. */
const SHOWN_DEPTH = 5;

/** Params as instances of a class: made by class-transformer, checked by class-validator. */
export function classReader(type: Type<object>): ParamsReader {
  return (taskName, json, plain) => {
    const { instance, intact } = make(taskName, json, plain, type);
    const read: ReadParams = { value: instance, intact };
    return meetsRules(instance) ? read : checked(taskName, type, read);
  };
}

/** An instance of `type` as JSON is to hold it, which is as class-transformer's `instanceToPlain` has it. */
export function toPlain(taskName: string, params: object, type: AnyClass): unknown {
  // A toJSON of its own says how the instance becomes JSON; of Map and the like the check says what to use instead.
  if (isBuiltIn(type) || 'toJSON' in params) return params;
  const problem = checkInstance(params);
  if (problem) throw new InvalidParamsError(taskName, [problem]);
  return instanceToPlain(params);
}

async function checked(taskName: string, type: Type<object>, read: ReadParams): Promise<ReadParams> {
  // As Nest's ValidationPipe: a class without any rule takes everything.
  const errors = await validate(read.value, { forbidUnknownValues: false });
  if (errors.length === 0) return read;
  throw new InvalidParamsError(taskName, fieldProblems(errors, read.value, sensitivePaths(type)));
}

function make(taskName: string, json: string, plain: object, type: Type<object>): Instantiated {
  const reserved = findReservedKey(json, plain);
  if (reserved) throw new InvalidParamsError(taskName, [reserved]);
  try {
    return instantiate(type, plain);
  } catch (thrown) {
    const redact = redactor(sensitiveValues(plain, sensitivePaths(type)));
    const why = redact(messageOf(thrown));
    const message = `cannot be made into a ${type.name}: its constructor or one of its transformations threw: ${why}`;
    const error = new InvalidParamsError(taskName, [{ path: '', message }]);
    if (isFreeOfSecrets(thrown, redact)) error.cause = thrown;
    throw error;
  }
}

/** Whether an error may be the cause of another: whoever logs that logs its cause as well. */
function isFreeOfSecrets(thrown: unknown, redact: Redact): boolean {
  try {
    const shown = inspect(thrown, { depth: SHOWN_DEPTH });
    return redact(shown) === shown;
  } catch {
    return false;
  }
}

function isBuiltIn(type: AnyClass): boolean {
  return (globalThis as Record<string, unknown>)[type.name] === type;
}
