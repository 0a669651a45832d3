import type { TaskTraits } from '../../contract/index.js';

/** Traits of a task whose params are of that version from now on; undefined where nothing is left of them. */
export function withVersion(traits: TaskTraits, version: number): TaskTraits | undefined {
  const { version: _version, ...others } = traits;
  const changed: TaskTraits = { ...others, ...(version > 1 && { version }) };
  return Object.keys(changed).length > 0 ? changed : undefined;
}
