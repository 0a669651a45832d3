import {
  getMetadataStorage,
  ValidationTypes,
  type ValidationArguments,
  type ValidatorConstraintInterface,
} from 'class-validator';
import type { AnyClass } from './class-metadata.js';

/** One rule of a property, such as what `@IsEmail()` says. */
interface Rule {
  readonly each: boolean;
  readonly constraints: unknown[];
  readonly validateIf: ((object: object, value: unknown) => boolean) | undefined;
  readonly validator: () => ValidatorConstraintInterface;
}

interface Property {
  readonly name: string;
  /** Its rules hold only where all of these do, as `@IsOptional()` and `@ValidateIf()` say. */
  readonly conditions: ReadonlyArray<(object: object, value: unknown) => boolean>;
  readonly rules: readonly Rule[];
}

/** Null for a class whose rules are not of the simple kind. */
const known = new WeakMap<AnyClass, readonly Property[] | null>();

/**
 * Whether `instance` certainly meets the rules of its class, which it nearly always does. These are class-validator's
 * own rules, called without what it needs to tell what is wrong: that is most of its time, and grows with the number of
 * classes that the app has rules for.
 *
 * False means only that it has to be asked: a rule does not hold, or the class has rules of another kind (nested,
 * asynchronous). Rules are read once for a class, as decorators are applied when it is defined.
 */
export function meetsRules(instance: object): boolean {
  const type = instance.constructor as AnyClass;
  let properties = known.get(type);
  if (properties === undefined) known.set(type, (properties = readRules(type)));
  if (properties === null) return false;
  for (const property of properties) {
    const holds = meetsAll(instance, type, property);
    if (holds === true) continue;
    if (holds === 'later') known.set(type, null);
    return false;
  }
  return true;
}

function meetsAll(object: object, type: AnyClass, { name, conditions, rules }: Property): boolean | 'later' {
  const value = (object as Record<string, unknown>)[name];
  for (const condition of conditions) if (!condition(object, value)) return true;
  for (const { each, constraints, validateIf, validator } of rules) {
    if (validateIf && !validateIf(object, value)) continue;
    const args: ValidationArguments = { targetName: type.name, property: name, object, value, constraints };
    const values = each ? elementsOf(value) : null;
    for (const single of values ?? [value]) {
      const valid = validator().validate(single, args);
      if (typeof valid === 'object') return notNow(valid);
      if (!valid) return false;
    }
  }
  return true;
}

function elementsOf(value: unknown): unknown[] | null {
  if (Array.isArray(value)) return value;
  return value instanceof Set || value instanceof Map ? [...value.values()] : null;
}

/** A rule that did not say that it is asynchronous. It is asked again, and awaited then. */
function notNow(answer: Promise<boolean>): 'later' {
  answer?.then?.(undefined, () => undefined);
  return 'later';
}

function readRules(type: AnyClass): Property[] | null {
  const storage = getMetadataStorage();
  const grouped = storage.groupByPropertyName(storage.getTargetValidationMetadatas(type, '', false, false));
  const properties: Property[] = [];
  for (const [name, metadatas] of Object.entries(grouped)) {
    const conditions: Property['conditions'][number][] = [];
    const rules: Rule[] = [];
    for (const { type: kind, constraintCls, constraints, each, validateIf } of metadatas) {
      if (kind === ValidationTypes.WHITELIST) continue;
      if (kind === ValidationTypes.CONDITIONAL_VALIDATION) {
        conditions.push(constraints[0] as Property['conditions'][number]);
        continue;
      }
      if (kind !== ValidationTypes.CUSTOM_VALIDATION && kind !== ValidationTypes.IS_DEFINED) return null;
      for (const constraint of storage.getTargetValidatorConstraints(constraintCls)) {
        if (constraint.async) return null;
        rules.push({ each, constraints, validateIf, validator: validatorOf(constraint) });
      }
    }
    properties.push({ name, conditions, rules });
  }
  return properties;
}

/**
 * A class of the app comes from its container, where it set one (`useContainer`), which may happen after this. The class
 * that class-validator makes for a decorator's function has no dependencies: looking it up each time would be in vain.
 */
function validatorOf(constraint: {
  readonly target: unknown;
  readonly instance: ValidatorConstraintInterface;
}): Rule['validator'] {
  const target = constraint.target as new () => ValidatorConstraintInterface;
  if (target.name !== 'CustomConstraint') return () => constraint.instance;
  const validator = new target();
  return () => validator;
}
