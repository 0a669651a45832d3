const KINDS = ['[object Object]', '[object Module]'];

/**
 * Whether a value has options, as what `import * as options` gives has. A list, a Date, a promise or a map is an object too,
 * and would pass for none of them.
 */
export function isObject(value: unknown): value is object {
  return KINDS.includes(Object.prototype.toString.call(value));
}
