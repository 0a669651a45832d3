import { isDeepStrictEqual } from 'node:util';

/** A value that is not as it was expected. */
export interface Difference {
  /** `customer.address.city`, `rows[2].id`; empty for all of it. */
  readonly path: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

/** What test runners call their asymmetric matchers by, such as `expect.any(String)`. */
interface Matcher {
  asymmetricMatch(actual: unknown): boolean;
}

/**
 * Where JSON is not as it was expected: each field that is expected is there and as it should be, and others may be there
 * too. In lists each item counts. A Date is expected as JSON has it.
 */
export function fieldsUnlike(expected: unknown, actual: unknown, path = ''): Difference[] {
  if (isMatcher(expected)) return expected.asymmetricMatch(actual) ? [] : [{ path, expected, actual }];
  const plain = plainOf(expected);
  if (Array.isArray(plain)) {
    if (!Array.isArray(actual) || actual.length !== plain.length) return [{ path, expected, actual }];
    return plain.flatMap((item, index) => fieldsUnlike(item, actual[index], `${path}[${index}]`));
  }
  if (isObject(plain)) {
    if (!isObject(actual) || Array.isArray(actual)) return [{ path, expected, actual }];
    return Object.entries(plain).flatMap(([key, value]) =>
      fieldsUnlike(value, Object.hasOwn(actual, key) ? actual[key] : undefined, path === '' ? key : `${path}.${key}`),
    );
  }
  return isDeepStrictEqual(plain, actual) ? [] : [{ path, expected, actual }];
}

function plainOf(value: unknown): unknown {
  const toJSON = isObject(value) ? value.toJSON : undefined;
  return typeof toJSON === 'function' ? (toJSON as () => unknown).call(value) : value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isMatcher(value: unknown): value is Matcher {
  return isObject(value) && typeof value.asymmetricMatch === 'function';
}
