import { InvalidParamsError, ParamsTooLargeError, type FieldProblem } from '../contract/index.js';
import type { AnyClass } from './class-metadata.js';
import { classReader, toPlain } from './class-reader.js';
import { checkJson } from './json-check.js';
import type { ParamsReader, ReadParams } from './params-reader.js';
import { schemaReader } from './schema-reader.js';
import type { SensitivePath } from './sensitive-path.js';
import { sensitivePaths } from './sensitive-paths.js';
import { isSchema, type ParamsType } from './standard-schema.js';

const OBJECT_WANTED = 'must be an object, such as { id: 1 }';

/** Readers by what they read, so that each is made once. */
const readers = new WeakMap<ParamsType, ParamsReader>();

/** Params as they are stored. */
export interface EncodedParams {
  readonly json: string;
  /** The parsed JSON, as a reader of the stored task gets it. */
  readonly plain: unknown;
  /** Where in it values stand that must never be shown. */
  readonly sensitive: SensitivePath[];
}

/**
 * Params on their way into the store and out of it.
 *
 * The plain form is stored: an object as it was given, an instance as class-transformer's `instanceToPlain` has it. A
 * handler gets what its params class or schema makes of the plain form, and just that is validated, at both ends: params
 * that `queue()` accepts are those that the handler can take.
 */
export class ParamsCodec {
  /** @param maxBytes most bytes of UTF-8 that params may take as JSON */
  constructor(private readonly maxBytes: number) {}

  /**
   * At once: a promise only where a rule of the type makes it wait.
   *
   * @param params a plain object, or an instance of a class
   * @param type the params class or schema of the task, null where it has none
   * @throws InvalidParamsError where JSON cannot hold them or the type does not take them
   * @throws ParamsTooLargeError
   */
  encode(taskName: string, params: object, type: ParamsType | null): EncodedParams | Promise<EncodedParams> {
    this.refuse(taskName, rootProblem(params));
    const given = classOf(params);
    const json = this.stringify(taskName, given === null ? params : toPlain(taskName, params, given));
    const sensitive = this.sensitivePaths(type ?? given);
    const plain = parseParams(taskName, json);
    if (!type) return { json, plain, sensitive };
    const read = readerOf(type)(taskName, json, plain);
    const encoded = ({ intact }: ReadParams): EncodedParams => ({
      json,
      plain: intact ? plain : parseParams(taskName, json),
      sensitive,
    });
    return read instanceof Promise ? read.then(encoded) : encoded(read);
  }

  /**
   * At once: a promise only where a rule of the type makes it wait.
   *
   * @param json as it was stored
   * @throws InvalidParamsError where the text is no JSON or the params' type does not take what it holds
   */
  decode(taskName: string, json: string, type: ParamsType | null): object | Promise<object> {
    const plain = parseParams(taskName, json);
    if (!type) return plain;
    const read = readerOf(type)(taskName, json, plain);
    return read instanceof Promise ? read.then(({ value }) => value) : read.value;
  }

  /** Where params of `type` hold values that must never be shown; none for null and for a schema. */
  sensitivePaths(type: ParamsType | AnyClass | null): SensitivePath[] {
    return type === null || isSchema(type) ? [] : sensitivePaths(type);
  }

  private stringify(taskName: string, plain: unknown): string {
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

/** The class of params that are an instance of one; null for plain objects. */
export function classOf(params: object): AnyClass | null {
  const prototype = Object.getPrototypeOf(params) as { constructor?: unknown } | null;
  // By its end and not by its name: a plain object may come from another realm, as under Jest.
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return null;
  return typeof prototype.constructor === 'function' ? (prototype.constructor as AnyClass) : null;
}

function readerOf(type: ParamsType): ParamsReader {
  let reader = readers.get(type);
  if (!reader) readers.set(type, (reader = isSchema(type) ? schemaReader(type) : classReader(type)));
  return reader;
}

/** Says what is wrong with a value as params, whatever it holds; null where nothing is. */
function rootProblem(params: unknown): FieldProblem | null {
  if (typeof params === 'object' && params !== null && !Array.isArray(params)) return null;
  const given = params === null ? 'null' : Array.isArray(params) ? 'an array' : typeof params;
  return { path: '', message: `${OBJECT_WANTED}; got ${given}` };
}

/** Params as they were stored. @throws InvalidParamsError where the text is no JSON, or holds no object */
function parseParams(taskName: string, json: string): object {
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
