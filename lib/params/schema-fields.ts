import { MAX_FIELD_DEPTH, type ParamsField } from './params-fields.js';
import type { StandardSchema } from './standard-schema.js';

/** The part of JSON Schema that a form can show. */
interface JsonSchema {
  readonly type?: unknown;
  readonly format?: unknown;
  readonly enum?: unknown;
  readonly properties?: unknown;
  readonly required?: unknown;
  readonly items?: unknown;
  readonly minimum?: unknown;
  readonly maximum?: unknown;
  readonly minLength?: unknown;
  readonly maxLength?: unknown;
  readonly pattern?: unknown;
}

const TARGET = 'draft-2020-12';
const TYPE_BY_FORMAT: ReadonlyMap<unknown, ParamsField['type']> = new Map([
  ['email', 'email'],
  ['uri', 'url'],
  ['date-time', 'date'],
]);
const PLAIN_TYPES: readonly unknown[] = ['string', 'number', 'integer', 'boolean'];

/**
 * The properties of what a schema takes, of a library that tells them as JSON Schema (https://standardschema.dev/json-schema).
 * Null where it does not, or where a form could not hold them: what has no type of its own is written as JSON.
 */
export function schemaFields(schema: StandardSchema): readonly ParamsField[] | null {
  const standard = schema['~standard'] as { readonly jsonSchema?: { readonly input?: unknown } };
  const input = standard.jsonSchema?.input;
  if (typeof input !== 'function') return null;
  try {
    return fieldsOf(asObject((input as (options: { target: string }) => unknown)({ target: TARGET })), 1);
  } catch {
    // A schema that JSON Schema has no words for.
    return null;
  }
}

/** Null where one of them could not be written in a form. */
function fieldsOf({ type, properties, required }: JsonSchema, depth: number): ParamsField[] | null {
  if (type !== 'object' || depth > MAX_FIELD_DEPTH) return null;
  const wanted = Array.isArray(required) ? required : [];
  const fields = Object.entries(asObject(properties)).map(([name, schema]) =>
    fieldOf(name, asObject(schema), wanted.includes(name), depth),
  );
  return fields.includes(null) || fields.length === 0 ? null : (fields as ParamsField[]);
}

function fieldOf(name: string, schema: JsonSchema, required: boolean, depth: number): ParamsField | null {
  const type = typeOf(schema);
  if (type === null) return null;
  const base = { name, type, required, sensitive: false };
  if (type === 'object') {
    const fields = fieldsOf(schema, depth + 1);
    return { ...base, ...(fields && { fields }) };
  }
  if (type !== 'array') return { ...base, ...limitsOf(schema) };
  const items = asObject(schema.items);
  const itemType = typeOf(items);
  const fields = itemType === 'object' ? fieldsOf(items, depth + 1) : null;
  const isPlain = itemType !== null && itemType !== 'object' && itemType !== 'array';
  return { ...base, ...(fields && { fields }), ...(isPlain && { items: itemType, ...limitsOf(items) }) };
}

/** Null for what may be of several types, or of one that JSON Schema does not name. */
function typeOf({ type, format, enum: values }: JsonSchema): ParamsField['type'] | null {
  if (Array.isArray(values)) return 'enum';
  if (type === 'object' || type === 'array') return type;
  if (!PLAIN_TYPES.includes(type)) return null;
  return (type === 'string' && TYPE_BY_FORMAT.get(format)) || (type as ParamsField['type']);
}

function limitsOf({
  enum: values,
  minimum,
  maximum,
  minLength,
  maxLength,
  pattern,
  format,
}: JsonSchema): Partial<ParamsField> {
  const number = (value: unknown): number | undefined =>
    // The ends of the safe integers are no limit that somebody has set.
    typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : undefined;
  const limits = {
    values: Array.isArray(values) ? (values as unknown[]) : undefined,
    min: number(minimum),
    max: number(maximum),
    minLength: number(minLength),
    maxLength: number(maxLength),
    // The pattern of a format says no more than the format.
    pattern: typeof pattern === 'string' && format === undefined ? pattern : undefined,
  };
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}

function asObject(value: unknown): JsonSchema {
  return typeof value === 'object' && value !== null ? value : {};
}
