import { checkOwnId } from '../checks/index.js';
import { InvalidArgumentError, type UniqueClaim } from '../contract/index.js';
import type { TaskEngine } from '../engine/port/index.js';
import { keyOfParams } from './params-key.js';
import type { UniqueRule } from './unique-rule.js';

/**
 * The claim that a rule makes for one task; null where its key function says that it has no key.
 *
 * @param params as JSON has them
 * @param maxBytes most bytes of joined params
 * @throws InvalidArgumentError
 */
export function claimOf(rule: UniqueRule, params: unknown, maxBytes: number): UniqueClaim | null {
  const key = keyFor(rule, params);
  if (key === null) return null;
  const { option, key: _key, field, ...rest } = rule;
  if (field === null) return { key, ...rest };
  const list = (params as Record<string, unknown> | null)?.[field];
  if (Array.isArray(list)) return { key, ...rest, join: { field, maxBytes } };
  throw new InvalidArgumentError(`${option}.field`, `${option} joins lists, and params.${field} is none.`);
}

function keyFor({ option, key }: UniqueRule, params: unknown): string | null {
  if (typeof key === 'string') return key;
  if (typeof key !== 'function') return keyOfParams(params, key);
  // It may change what it is given.
  const made = key(structuredClone(params) as object);
  return made === null || made === undefined ? null : checkOwnId(made, `${option}.key`);
}

/** Why the engine takes no claim, and the way out, as a sentence; null where it carries claims. */
export function unfitClaim(
  option: string,
  { kind, capabilities }: Pick<TaskEngine, 'kind' | 'capabilities'>,
): string | null {
  if (capabilities.uniqueKeys) return null;
  return `${option}: the engine "${kind}" has no unique keys. Leave it out, or give the task an "id" of its own, by which it is stored once; the embedded engine has them.`;
}
