/** Whether a value has options. A list, a Date, a promise or a map is an object too, and would pass for none of them. */
export function isObject(value: unknown): value is object {
  return Object.prototype.toString.call(value) === '[object Object]';
}
