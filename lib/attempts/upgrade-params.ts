import { ParamsUpgradeError } from '../contract/index.js';
import type { DeliveredTask } from '../engine/port/index.js';
import type { RegisteredHandler } from '../handlers/index.js';

/**
 * The params of a task, as JSON of the version that its handler takes. The store keeps those that were enqueued.
 * @throws ParamsUpgradeError where an upgrade is missing, throws or returns something else than an object
 */
export function upgradedParams({ name, params, traits }: DeliveredTask, handler: RegisteredHandler): string {
  const { version = 1, upgrade = {} } = handler;
  let json = params;
  for (let from = traits?.version ?? 1; from < version; from += 1) json = next(name, json, from, upgrade[from]);
  return json;
}

function next(name: string, json: string, from: number, upgrade: ((params: never) => object) | undefined): string {
  if (!upgrade) {
    throw new ParamsUpgradeError(
      name,
      from,
      `its handler has no "upgrade" of version ${from}. Add one, then retry the task.`,
    );
  }
  let upgraded: unknown;
  try {
    upgraded = upgrade(JSON.parse(json) as never);
  } catch (cause) {
    throw new ParamsUpgradeError(name, from, `the upgrade threw ${String(cause)}`, { cause });
  }
  const isObject = typeof upgraded === 'object' && upgraded !== null && !Array.isArray(upgraded);
  if (!isObject || typeof (upgraded as { then?: unknown }).then === 'function') {
    throw new ParamsUpgradeError(name, from, 'the upgrade must return the params, an object, at once.');
  }
  try {
    return JSON.stringify(upgraded);
  } catch (cause) {
    throw new ParamsUpgradeError(name, from, `what the upgrade returned is no JSON: ${String(cause)}`, { cause });
  }
}
