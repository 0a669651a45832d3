import 'reflect-metadata';
import { getMetadataStorage } from 'class-validator';
import { sensitiveProperties } from './sensitive-paths.js';
import { lineage, nestedProperties, plainName, type AnyClass } from './class-metadata.js';
import { pathSegment } from './sensitive-path.js';
import { sensitivePaths } from './sensitive-paths.js';

/** One property of params, as a form needs to know it. The params class has the last word on what is valid. */
export interface ParamsField {
  /** As it stands in the stored params. */
  readonly name: string;
  readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'date' | 'email' | 'url' | 'enum' | 'array' | 'object';
  /** False where a rule says that it may be left out. */
  readonly required: boolean;
  /** It is, or holds, what is never shown. */
  readonly sensitive: boolean;
  /** Values of an `enum`, or of the items of an array. */
  readonly values?: readonly unknown[];
  readonly min?: number;
  readonly max?: number;
  /** Characters. */
  readonly minLength?: number;
  readonly maxLength?: number;
  /** Source of a regular expression without flags. */
  readonly pattern?: string;
  /** Of an `object`, or of each item of an `array`, where they are known. */
  readonly fields?: readonly ParamsField[];
  /** Type of the items of an `array` that are no objects, where it is known. */
  readonly items?: Exclude<ParamsField['type'], 'array' | 'object'>;
}

type FieldType = ParamsField['type'];

/** One decorator of class-validator on a property, as its storage has it. */
interface Rule {
  readonly type: string;
  readonly name?: string;
  readonly propertyName: string;
  readonly constraints?: readonly unknown[];
  readonly each: boolean;
}

const TYPE_BY_RULE: Readonly<Record<string, FieldType>> = {
  isString: 'string',
  isUuid: 'string',
  isEmail: 'email',
  isUrl: 'url',
  isInt: 'integer',
  isNumber: 'number',
  isPositive: 'number',
  isNegative: 'number',
  min: 'number',
  max: 'number',
  isBoolean: 'boolean',
  isDate: 'date',
  isDateString: 'date',
  isIso8601: 'date',
  isEnum: 'enum',
  isIn: 'enum',
  isArray: 'array',
  arrayNotEmpty: 'array',
  arrayMinSize: 'array',
  arrayMaxSize: 'array',
  isObject: 'object',
};
/** Picks the rule that says most: an e-mail address is a string, an integer a number. */
const PREFERRED: readonly FieldType[] = [
  'array',
  'enum',
  'email',
  'url',
  'date',
  'integer',
  'number',
  'boolean',
  'object',
  'string',
];

/** Levels of fields within fields: a form that goes deeper helps nobody. */
export const MAX_FIELD_DEPTH = 5;

const known = new WeakMap<AnyClass, readonly ParamsField[]>();

/** The properties of `type` that decorators tell of, its own before those that it inherits. */
export function paramsFields(type: AnyClass): readonly ParamsField[] {
  let fields = known.get(type);
  if (!fields) known.set(type, (fields = fieldsOf(type)));
  return fields;
}

/** @param above the classes that hold this one: one that holds itself would have no end */
function fieldsOf(type: AnyClass, above: readonly AnyClass[] = []): ParamsField[] {
  const rules = rulesOf(type);
  const nested = new Map(nestedProperties(type).map((property) => [property.name, property]));
  const sensitive = lineage(type).flatMap((owner) => sensitiveProperties(owner));
  const names = new Set([...rules.map(({ propertyName }) => propertyName), ...nested.keys(), ...sensitive]);
  const hidden = sensitivePaths(type);
  return [...names].map((property) => {
    const own = rules.filter(({ propertyName }) => propertyName === property);
    const name = plainName(type, property);
    const segment = pathSegment(name);
    const { holds, types } = nested.get(property) ?? {};
    const isArray = own.some(({ each }) => each) || holds === 'many';
    const fieldType = isArray ? 'array' : typeOf(type, property, own, holds !== undefined);
    const isHolder = fieldType === 'object' || fieldType === 'array';
    return {
      name,
      type: fieldType,
      required: own.length > 0 && !own.some(isConditional),
      sensitive: hidden.some(
        (path) => path === segment || path.startsWith(`${segment}.`) || path.startsWith(`${segment}[`),
      ),
      ...limitsOf(own),
      ...(isHolder && holds !== 'map' && withinOf(types ?? [], [...above, type])),
      ...(fieldType === 'array' && itemsOf(own)),
    };
  });
}

/** The fields of what a property holds, where that is of one class and not too deep. */
function withinOf(types: readonly AnyClass[], above: readonly AnyClass[]): Pick<ParamsField, 'fields'> {
  const [held, ...others] = types;
  if (!held || others.length > 0 || above.includes(held) || above.length >= MAX_FIELD_DEPTH) return {};
  const fields = fieldsOf(held, above);
  return fields.length === 0 ? {} : { fields };
}

function itemsOf(rules: readonly Rule[]): Pick<ParamsField, 'items'> {
  const named = new Set(rules.filter(({ each }) => each).map(({ name }) => TYPE_BY_RULE[name ?? '']));
  const items = PREFERRED.find((candidate) => named.has(candidate));
  return items === undefined || items === 'array' || items === 'object' ? {} : { items };
}

function rulesOf(type: AnyClass): Rule[] {
  const target = type as unknown as Parameters<
    ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']
  >[0];
  const found = getMetadataStorage().getTargetValidationMetadatas(target, '', true, false) as unknown as Rule[];
  return found.filter(({ type: kind }) => kind !== 'whitelistValidation');
}

/** `@IsOptional()`, or a rule under a condition of its own. */
function isConditional({ type }: Rule): boolean {
  return type === 'conditionalValidation';
}

function typeOf(type: AnyClass, property: string, rules: readonly Rule[], isNested: boolean): FieldType {
  const named = new Set(rules.map(({ name }) => TYPE_BY_RULE[name ?? '']));
  const preferred = PREFERRED.find((candidate) => named.has(candidate));
  if (preferred && preferred !== 'string') return preferred;
  const declared: unknown = Reflect.getMetadata('design:type', type.prototype as object, property);
  if (declared === Date) return 'date';
  if (preferred) return preferred;
  if (declared === Number) return 'number';
  if (declared === Boolean) return 'boolean';
  if (declared === Array || declared === Set) return 'array';
  return isNested || (typeof declared === 'function' && declared !== String) ? 'object' : 'string';
}

function limitsOf(rules: readonly Rule[]): Partial<ParamsField> {
  const numberOf = (rule: string, index = 0): number | undefined => {
    const value = rules.find(({ name }) => name === rule)?.constraints?.[index];
    return typeof value === 'number' ? value : undefined;
  };
  const limits = {
    values: valuesOf(rules),
    min: numberOf('min'),
    max: numberOf('max'),
    minLength: numberOf('minLength') ?? numberOf('isLength', 0),
    maxLength: numberOf('maxLength') ?? numberOf('isLength', 1),
    pattern: patternOf(rules),
  };
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}

function valuesOf(rules: readonly Rule[]): readonly unknown[] | undefined {
  const rule = rules.find(({ name }) => name === 'isEnum' || name === 'isIn');
  const given = rule?.constraints?.[0];
  if (Array.isArray(given)) return given;
  if (typeof given !== 'object' || given === null) return undefined;
  // A numeric enum has its names as values, too.
  return Object.entries(given).flatMap(([key, value]) => (/^-?\d/.test(key) ? [] : [value as unknown]));
}

function patternOf(rules: readonly Rule[]): string | undefined {
  const pattern = rules.find(({ name }) => name === 'matches')?.constraints?.[0];
  return pattern instanceof RegExp && pattern.flags === '' ? pattern.source : undefined;
}
