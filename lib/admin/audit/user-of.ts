import { rawRequest, type HttpRequest } from '../http/http-types.js';

/** Properties of a request's user that name them, the most telling first. */
const NAMES = ['email', 'username', 'name', 'id', 'sub'] as const;

/** Names the person behind a request, by the `user` that guards (Passport, for one) leave on it; null where they leave none. */
export function userOf(request: HttpRequest): string | null {
  const { user = (rawRequest(request) as { user?: unknown }).user } = request as { user?: unknown };
  if (typeof user === 'string') return user;
  if (typeof user !== 'object' || user === null) return null;
  for (const name of NAMES) {
    const value = (user as Record<string, unknown>)[name];
    if (typeof value === 'number') return String(value);
    if (typeof value === 'string' && value.trim() !== '') return value;
  }
  return null;
}
