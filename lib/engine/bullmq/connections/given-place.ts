export const MAX_PORT = 65_535;

/** What a driver would look up as a name, and name in its error with the password that a URL has. */
export function hostProblem(host: unknown, url: string): string | null {
  if (typeof host !== 'string') return null;
  if (host.includes('://')) return `has a "host" that is a URL: give ${url}`;
  return /^[^:/]+:\d+$/.test(host) ? 'has a "host" with the port behind it: give "host" and "port"' : null;
}

/** A number that is none reaches a driver as its default, or not before something is asked. */
export function numberProblem(name: string, value: unknown, max = Number.MAX_SAFE_INTEGER): string | null {
  if (value === undefined || value === null) return null;
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= max) return null;
  return `has a "${name}" that is no number: is the variable set that it comes from?`;
}
