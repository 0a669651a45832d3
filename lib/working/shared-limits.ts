import type { ResolvedConfig } from '../config/index.js';
import type { ConsumeOptions } from '../engine/port/index.js';
import type { RegisteredHandler } from '../handlers/index.js';

/** The limits that handlers name, by the names of their tasks; nothing where none does. */
export function sharedLimits(
  handlers: ReadonlyArray<Pick<RegisteredHandler, 'name' | 'aliases' | 'limit'>>,
  limits: ResolvedConfig['limits'],
): Pick<ConsumeOptions, 'limits'> {
  const named = handlers.flatMap(({ name, aliases = [], limit }) => {
    const rate = limit ? limits.get(limit) : undefined;
    return rate ? [name, ...aliases].map((task) => [task, { name: limit!, ...rate }] as const) : [];
  });
  return named.length > 0 ? { limits: Object.fromEntries(named) } : {};
}
