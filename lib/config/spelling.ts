/** How keys are written: `camel` in code, `snake` in the file. */
export type Spelling = 'camel' | 'snake';

/** `retryDelay` as `retry_delay`; a dash becomes an underscore. */
export function toSnakeCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toLowerCase();
}

export function spell(camelCaseKey: string, spelling: Spelling): string {
  return spelling === 'snake' ? toSnakeCase(camelCaseKey) : camelCaseKey;
}
