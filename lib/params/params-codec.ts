import type { Type } from '@nestjs/common';
import { instanceToPlain } from 'class-transformer';
import { validate } from 'class-validator';
import { InvalidParamsError, ParamsTooLargeError, type FieldProblem } from '../errors/index.js';
import type { AnyClass } from './class-metadata.js';
import { fieldProblems } from './field-problems.js';
import { checkInstance } from './instance-check.js';
import { instantiate, type Instantiated } from './instance.js';
import { checkJson } from './json-check.js';
import { findReservedKey } from './reserved-keys.js';
import { meetsRules } from './rules.js';
import { sensitivePaths } from './sensitive-paths.js';
import type { SensitivePath } from './sensitive-path.js';

/** Params as they are stored. */
export interface EncodedParams {
  readonly json: string;
  /** What a reader of that JSON gets. */
  readonly plain: unknown;
  /** Where in it values stand that must never be shown. */
  readonly sensitive: SensitivePath[];
}

/**
 * Params on their way into the store and out of it.
 *
 * What is stored is the plain form: an object as it was given, an instance as class-transformer's `instanceToPlain` has
 * it. What a handler gets is `plainToInstance` of that, and just this is what is validated, at both ends: params that
 * `queue()` accepts are those that the handler can take.
 */
export class ParamsCodec {
  /** @param maxBytes most bytes of UTF-8 that params may take as JSON */
  constructor(private readonly maxBytes: number) {}

  /**
   * @param params a plain object, or an instance of a class
   * @param type the params class of the task, null where it has none
   * @throws InvalidParamsError where JSON cannot hold them or the class does not take them
   * @throws ParamsTooLargeError
   */
  async encode(taskName: string, params: object, type: Type<object> | null): Promise<EncodedParams> {
    return this.encodeNow(taskName, params, type);
  }

  /** As {@link encode}, at once: a promise only where a rule of the class makes it wait. */
  encodeNow(taskName: string, params: object, type: Type<object> | null): EncodedParams | Promise<EncodedParams> {
    const json = this.stringify(taskName, params);
    const sensitive = this.sensitivePaths(type ?? classOf(params));
    const plain = parse(taskName, json);
    if (!type) return { json, plain, sensitive };
    const made = make(taskName, json, plain, type);
    const encoded: EncodedParams = { json, plain: made.intact ? plain : parse(taskName, json), sensitive };
    if (meetsRules(made.instance)) return encoded;
    return this.validate(taskName, made.instance, type).then(() => encoded);
  }

  /**
   * @param json as it was stored
   * @throws InvalidParamsError where the text is no JSON or the class does not take what it holds
   */
  async decode(taskName: string, json: string, type: Type<object> | null): Promise<object> {
    return this.decodeNow(taskName, json, type);
  }

  /** As {@link decode}, at once: a promise only where a rule of the class makes it wait. */
  decodeNow(taskName: string, json: string, type: Type<object> | null): object | Promise<object> {
    const plain = parse(taskName, json);
    if (!type) return plain;
    const { instance } = make(taskName, json, plain, type);
    return meetsRules(instance) ? instance : this.validate(taskName, instance, type);
  }

  /** Where params of `type` hold values that must never be shown; none for null. */
  sensitivePaths(type: AnyClass | null): SensitivePath[] {
    return type ? sensitivePaths(type) : [];
  }

  private async validate(taskName: string, instance: object, type: Type<object>): Promise<object> {
    // As Nest's ValidationPipe: a class without any rule takes everything.
    const errors = await validate(instance, { forbidUnknownValues: false });
    if (errors.length === 0) return instance;
    throw new InvalidParamsError(taskName, fieldProblems(errors, instance, this.sensitivePaths(type)));
  }

  private stringify(taskName: string, params: object): string {
    this.refuse(taskName, rootProblem(params));
    const plain = toPlain(taskName, params);
    const found = checkJson(plain, this.maxBytes);
    if (found && 'bytes' in found) throw new ParamsTooLargeError(taskName, found.bytes, this.maxBytes);
    this.refuse(taskName, found);
    const json = JSON.stringify(plain);
    // Only now is the root's own toJSON known to have given an object.
    this.refuse(taskName, json.startsWith('{') ? null : { path: '', message: OBJECT_WANTED });
    // A UTF-16 unit takes three bytes at most.
    if (json.length * 3 <= this.maxBytes) return json;
    const bytes = Buffer.byteLength(json);
    if (bytes > this.maxBytes) throw new ParamsTooLargeError(taskName, bytes, this.maxBytes);
    return json;
  }

  private refuse(taskName: string, problem: FieldProblem | null): void {
    if (problem) throw new InvalidParamsError(taskName, [problem]);
  }
}

const OBJECT_WANTED = 'must be an object, such as { id: 1 }';

function rootProblem(params: unknown): FieldProblem | null {
  if (typeof params === 'object' && params !== null && !Array.isArray(params)) return null;
  const given = params === null ? 'null' : Array.isArray(params) ? 'an array' : typeof params;
  return { path: '', message: `${OBJECT_WANTED}; got ${given}` };
}

function classOf(params: object): AnyClass | null {
  const prototype = Object.getPrototypeOf(params) as { constructor?: unknown } | null;
  // By its end and not by its name: a plain object may come from another realm, as under Jest.
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return null;
  return typeof prototype.constructor === 'function' ? (prototype.constructor as AnyClass) : null;
}

function toPlain(taskName: string, params: object): unknown {
  const type = classOf(params);
  // A toJSON of its own says how the instance becomes JSON; of Map and the like the check says what to use instead.
  if (type === null || isBuiltIn(type) || 'toJSON' in params) return params;
  const problem = checkInstance(params);
  if (problem) throw new InvalidParamsError(taskName, [problem]);
  return instanceToPlain(params);
}

function isBuiltIn(type: AnyClass): boolean {
  return (globalThis as Record<string, unknown>)[type.name] === type;
}

function parse(taskName: string, json: string): object {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // The parser's own message quotes the text, which may be secret.
    throw new InvalidParamsError(taskName, [{ path: '', message: 'the stored text is not JSON' }]);
  }
  const problem = rootProblem(value);
  if (problem) throw new InvalidParamsError(taskName, [problem]);
  return value as object;
}

function make(taskName: string, json: string, plain: object, type: Type<object>): Instantiated {
  const reserved = findReservedKey(json, plain);
  if (reserved) throw new InvalidParamsError(taskName, [reserved]);
  try {
    return instantiate(type, plain);
  } catch (thrown) {
    const message = `cannot be made into a ${type.name}: its constructor or one of its transformations threw`;
    const error = new InvalidParamsError(taskName, [{ path: '', message }]);
    error.cause = thrown;
    throw error;
  }
}
