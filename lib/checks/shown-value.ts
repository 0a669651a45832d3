import { isObject } from './is-object.js';

const MAX_SHOWN_LENGTH = 60;

/** A value as an error message shows it: short, and without what stands inside an object. */
export function shownValue(value: unknown): string {
  switch (typeof value) {
    case 'string': {
      const cut = value.length > MAX_SHOWN_LENGTH ? `${value.slice(0, MAX_SHOWN_LENGTH)}…` : value;
      return JSON.stringify(cut);
    }
    case 'number':
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'object':
      if (value === null) return 'empty (null)';
      return Array.isArray(value) ? 'a list' : shownKind(value);
    default:
      return `a ${typeof value}`;
  }
}

/** `a Date`, `a Map`, `a Promise`; `an object` where it is none of what the language knows. */
function shownKind(value: object): string {
  if (isObject(value)) return 'an object';
  const kind = Object.prototype.toString.call(value).slice('[object '.length, -1);
  return `${/^[AEIOU]/.test(kind) ? 'an' : 'a'} ${kind}`;
}

/** `1000000` as `1,000,000`. */
export function shownNumber(value: number): string {
  return value.toLocaleString('en-US');
}

/** `262144` as `256 KiB`. */
export function shownSize(bytes: number): string {
  return bytes >= 1_024 ** 2 ? `${bytes / 1_024 ** 2} MiB` : `${bytes / 1_024} KiB`;
}
