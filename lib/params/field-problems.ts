import { getMetadataStorage, type ValidationError } from 'class-validator';
import type { FieldProblem } from '../contract/index.js';
import { redactor, sensitiveValues, type Redact } from './secrets.js';
import type { SensitivePath } from './sensitive-path.js';
import { formatPath } from './violation.js';

/** Lists what class-validator found, one problem a rule, with whole paths and without values. */
export function fieldProblems(
  errors: readonly ValidationError[],
  params: object,
  sensitive: readonly SensitivePath[],
): FieldProblem[] {
  const redactSensitive = redactor(sensitiveValues(params, sensitive));
  return errors.flatMap((error) => problemsOf(error, [], redactSensitive));
}

function problemsOf(error: ValidationError, above: readonly (string | number)[], redact: Redact): FieldProblem[] {
  const segments = [...above, Array.isArray(error.target) ? Number(error.property) : error.property];
  const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
    path: formatPath(segments),
    message: redact(withoutValue(error, rule, message)) + hint(error, rule),
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => problemsOf(child, segments, redact))];
}

/** class-validator's own messages hold no values. One that the class gives may, by `$value` or a function. */
function withoutValue(error: ValidationError, rule: string, message: string): string {
  const value: unknown = error.value;
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return message;
  const text = String(value);
  if (text === '' || !message.includes(text) || !hasOwnMessage(error)) return message;
  return text.length > 3 ? message.replaceAll(text, '[value]') : `is not valid (${rule})`;
}

function hasOwnMessage({ target, property }: ValidationError): boolean {
  const type: unknown = target?.constructor;
  if (typeof type !== 'function') return true;
  return getMetadataStorage()
    .getTargetValidationMetadatas(type, '', false, false)
    .some(({ propertyName, message }) => {
      return propertyName === property && (typeof message === 'function' || message?.includes('$value'));
    });
}

/** The one mistake that everybody makes: the rule is right, but nothing turns the JSON string into a Date again. */
function hint({ value }: ValidationError, rule: string): string {
  return rule === 'isDate' && typeof value === 'string'
    ? ' (JSON holds a date as a string: add @Type(() => Date) from class-transformer)'
    : '';
}
