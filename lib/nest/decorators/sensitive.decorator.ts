import { markSensitive } from '../../params/index.js';

/**
 * Marks a property of a params class as secret. Its handler gets the real value; everybody else (the panel, the
 * dispatcher's answers, errors, logs) sees `[sensitive]`. An object or array is hidden as a whole. The value is stored
 * as it is: encrypt what the database must not hold.
 *
 * Also works in classes that a params class names with `@Type`.
 *
 * @example
 * export class ChargeCardParams {
 *   @IsInt() amount!: number;
 *   @Sensitive() @IsString() cardToken!: string;
 * }
 */
export function Sensitive(): PropertyDecorator {
  return (target, property) => {
    if (typeof property === 'symbol') {
      throw new TypeError(
        `@Sensitive() on ${target.constructor.name}: a property whose key is a symbol is never stored. Give it a string key.`,
      );
    }
    markSensitive(target.constructor, property);
  };
}
